"""Statistics give parameters: one file a geometry, each M-step a pure function."""

from softmix.m_step.common_axes import eee, eve, vee, vve
from softmix.m_step.diagonal import eei, evi, vei, vvi
from softmix.m_step.floor import CovarianceFloor
from softmix.m_step.moments import Moments, moments
from softmix.m_step.own_axes import eev, evv, vev, vvv
from softmix.m_step.prior import ConjugatePrior
from softmix.m_step.spherical import eii, vii

__all__ = [
    "ConjugatePrior",
    "CovarianceFloor",
    "Moments",
    "eee",
    "eei",
    "eev",
    "eii",
    "eve",
    "evi",
    "evv",
    "moments",
    "vee",
    "vei",
    "vev",
    "vii",
    "vve",
    "vvi",
    "vvv",
]

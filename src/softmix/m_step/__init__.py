"""Statistics give parameters: one file a geometry, each M-step a pure function."""

from softmix.m_step.common_axes import eee
from softmix.m_step.diagonal import vvi
from softmix.m_step.floor import CovarianceFloor
from softmix.m_step.own_axes import vvv
from softmix.m_step.spherical import vii

__all__ = ["CovarianceFloor", "eee", "vii", "vvi", "vvv"]

"""Pictures of fitted mixtures and searches; matplotlib is imported when something is drawn."""

from softmix.plots.classification_display import ClassificationDisplay
from softmix.plots.criterion_display import CriterionDisplay
from softmix.plots.density_display import DensityDisplay
from softmix.plots.membership_display import MembershipDisplay
from softmix.plots.pairs_display import PairsDisplay
from softmix.plots.uncertainty_display import UncertaintyDisplay

__all__ = [
    "ClassificationDisplay",
    "CriterionDisplay",
    "DensityDisplay",
    "MembershipDisplay",
    "PairsDisplay",
    "UncertaintyDisplay",
]

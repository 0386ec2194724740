"""Pictures of fitted mixtures; matplotlib is imported when something is drawn."""

from softmix.plots.membership_display import MembershipDisplay

__all__ = ["MembershipDisplay"]

"""What a search is asked for: the grid, and how each of its models is fitted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from softmix.selection.priors import AskedPrior, model_name
from softmix.structures import STRUCTURES, Structure


class Cell(NamedTuple):
    """One model of the grid."""

    covariance_type: str
    n_components: int
    noise: bool | float | bytes | None = None  # as GaussianMixture has it; a mask as its bytes
    prior: AskedPrior | None = None

    @property
    def structure(self) -> Structure:
        return STRUCTURES[self.covariance_type]

    @property
    def noise_given(self) -> Any:
        """`noise` as a GaussianMixture takes it."""
        return np.frombuffer(self.noise, dtype=bool) if isinstance(self.noise, bytes) else self.noise

    @property
    def prior_given(self) -> Any:
        """`prior` as a GaussianMixture takes it."""
        return None if self.prior is None else self.prior.given

    @property
    def prior_name(self) -> str:
        return "none" if self.prior is None else self.prior.name

    @property
    def name(self) -> str:
        """What it is called beside its number of components."""
        return model_name(self.covariance_type, noise=self.noise is not None, prior=self.prior_name)


@dataclass(frozen=True, eq=False)
class Settings:
    """How every model is fitted: GaussianMixture's parameters of these names, and a seed."""

    tol: float
    reg_covar: float
    max_iter: int
    n_init: int
    init_params: str
    acceleration: str | None
    weights: str
    seed: int


@dataclass(frozen=True, eq=False)
class Grid:
    """The models to try, and how rows are shared out.

    Parameters
    ----------
    cells : sequence of Cell
        Those to fit now.
    sizes : tuple of int
        All numbers of components of the search, of models that are fitted already too: the
        search for starts goes along them.
    """

    cells: Sequence[Cell]
    sizes: tuple[int, ...]

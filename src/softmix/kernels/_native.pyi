# What native/bind.cpp offers. It trusts: dtypes and sizes must be those of native/gaussian_kernel.hpp.

from collections.abc import Sequence

import numpy as np

def available() -> list[str]: ...
def inverse_cholesky(
    isa: str, matrices: np.ndarray, factors: np.ndarray, squared_norms: np.ndarray
) -> None: ...
def scatters_about(
    team: Team, triangles: np.ndarray, counts: np.ndarray, shifts: np.ndarray, out: np.ndarray
) -> None: ...
def factors_of_scatters(
    team: Team,
    isa: str,
    scatters: np.ndarray,
    divisors: np.ndarray,
    scale: np.ndarray,
    factors: np.ndarray,
    squared_norms: np.ndarray,
) -> None: ...
def unit_rows(
    team: Team, isa: str, factors: np.ndarray, right: np.ndarray, logs: np.ndarray, beside: np.ndarray
) -> None: ...
def moved_rows(
    team: Team,
    isa: str,
    factors: np.ndarray,
    inverse: np.ndarray,
    logs: np.ndarray,
    beside: np.ndarray,
    moved: np.ndarray,
) -> None: ...
def product_norms(
    team: Team, isa: str, factors: np.ndarray, right: np.ndarray, norms: np.ndarray
) -> None: ...
def fill_holes(
    isa: str,
    precision: np.ndarray,
    missing: np.ndarray,
    products: np.ndarray,
    deviations: np.ndarray,
    half_log_dets: np.ndarray,
    residuals: np.ndarray,
) -> None: ...
def add_residuals(
    isa: str, missing: np.ndarray, residuals: np.ndarray, weights: np.ndarray, out: np.ndarray
) -> None: ...
def residuals_size(n: int, m: int) -> int: ...
def all_finite(values: np.ndarray) -> bool: ...
def interleave(columns: Sequence[np.ndarray], start: int, rows: np.ndarray) -> None: ...
def cluster_moments(
    rows: np.ndarray,
    shares: np.ndarray,
    counts: np.ndarray,
    means: np.ndarray,
    covariances: np.ndarray,
) -> None: ...
def agglomerate(
    weights: np.ndarray,
    means: np.ndarray,
    covariances: np.ndarray,
    spherical: bool,
    pseudo_rows: float,
    apart: float,
    merges: np.ndarray,
) -> None: ...
def rotate_axes(pairs: np.ndarray, precisions: np.ndarray, axes: np.ndarray, rotated: np.ndarray) -> None: ...

class Team:
    def __init__(self, helpers: int) -> None: ...
    def serve(self, helper: int) -> None: ...
    def call(self) -> None: ...
    def retire(self) -> None: ...

class _Gaussian:
    def __init__(self, isa: str, shape: int, components: int, features: int) -> None: ...
    @property
    def packed_size(self) -> int: ...
    @property
    def workspace_size(self) -> int: ...
    def pack(
        self,
        means: np.ndarray,
        factors: np.ndarray,
        log_constants: np.ndarray,
        packed: np.ndarray,
        centers: np.ndarray,
        /,
    ) -> None: ...
    def accumulate(
        self,
        packed: np.ndarray,
        rows: np.ndarray,
        row_weights: np.ndarray | None,
        out: np.ndarray,
        workspace: np.ndarray,
    ) -> None: ...
    def accumulate_all(
        self,
        team: Team,
        packed: np.ndarray,
        rows: np.ndarray,
        row_weights: np.ndarray | None,
        block: int,
        at_once: int,
        out: np.ndarray,
    ) -> None: ...
    def groups_workspace_size(self, most: int) -> int: ...
    def accumulate_groups(
        self,
        means: np.ndarray,
        factors: np.ndarray,
        log_constants: np.ndarray,
        rows: np.ndarray,
        row_weights: np.ndarray | None,
        row_starts: np.ndarray,
        component_starts: np.ndarray,
        components: np.ndarray,
        most: int,
        out: np.ndarray,
        workspace: np.ndarray,
    ) -> None: ...
    def group_rows(
        self,
        reference: Sequence[np.ndarray],
        rules: Sequence[float],
        source: np.ndarray,
        at: np.ndarray,
        labels: np.ndarray,
        most: int,
        order: np.ndarray,
    ) -> tuple[list[int], list[int], list[float], list[int], list[int], list[bool]]: ...
    def evaluate(
        self,
        packed: np.ndarray,
        rows: np.ndarray,
        log_norm: np.ndarray | None,
        resp: np.ndarray | None,
        labels: np.ndarray | None,
        log_joint: np.ndarray | None,
        workspace: np.ndarray,
    ) -> None: ...
    def em_steps(
        self,
        team: Team,
        rows: np.ndarray,
        row_weights: np.ndarray | None,
        betas: np.ndarray,
        pseudo_rows: np.ndarray,
        ending: np.ndarray,
        lowest: float,
        tie: int,
        sizes: np.ndarray,
        most: np.ndarray,
        weights: np.ndarray,
        means: np.ndarray,
        factors: np.ndarray,
        axes: np.ndarray,
        planes: np.ndarray,
        taken: np.ndarray,
        log_likelihoods: np.ndarray,
    ) -> None: ...

class GaussianFloat64(_Gaussian):
    def weigh_merges(
        self,
        weights: np.ndarray,
        means: np.ndarray,
        factors: np.ndarray,
        log_constants: np.ndarray,
        covariances: np.ndarray,
        pairs: np.ndarray,
        lowest: float,
        rows: np.ndarray,
        row_weights: np.ndarray | None,
        step: int,
        chosen: np.ndarray,
        losses: np.ndarray,
    ) -> None: ...

class GaussianFloat32(_Gaussian): ...

"""What is measured: sizes, structures, two kinds of data, and the targets of each cell.

A problem is data and a start, the same for every contestant. Component covariances have
eigenvalues (or variances, for diagonal) between e^-½ and e^½. Means are normal draws, scaled so
that the median distance from a mean to its nearest other one is 2 ("overlapping") or 12
("separated") standard deviations. The start is near the truth: means off by 0.2 standard
deviations in all, covariances 1.2 times as large, weights equal. So every iteration works on
memberships of the kind that the name says.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

COVARIANCES = ("full", "diag")
KINDS = {"overlapping": 2.0, "separated": 12.0}
SEED = 20_240_601


class Cell(NamedTuple):
    """n rows, d columns, K components."""

    n: int
    d: int
    K: int

    def __str__(self) -> str:
        rows = f"{self.n // 1000}k" if self.n % 1000 == 0 else f"{self.n}"
        return f"{rows}, {self.d}, {self.K}"

    def smaller(self, factor: int) -> "Cell":
        """The same cell with fewer rows (but two a component and column, where it has them)."""
        return Cell(min(self.n, max(self.n // factor, 2 * self.K * self.d, 1000)), self.d, self.K)


CELLS = (
    Cell(200_000, 2, 4),
    Cell(200_000, 2, 16),
    Cell(200_000, 5, 5),
    Cell(200_000, 8, 16),
    Cell(100_000, 16, 16),
    Cell(50_000, 32, 32),
    Cell(20_000, 64, 16),
    Cell(10_000, 128, 16),
    Cell(100_000, 10, 100),
    Cell(20_000, 64, 100),
)


@dataclass(frozen=True, eq=False)
class Problem:
    """Data (float64) and a start; `precisions` and `covariances` are (K, d, d) or (K, d)."""

    cell: Cell
    covariance: str
    kind: str
    rows: np.ndarray
    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    @cached_property
    def precisions(self) -> np.ndarray:
        return np.linalg.inv(self.covariances) if self.covariances.ndim == 3 else 1.0 / self.covariances

    @cached_property
    def rows32(self) -> np.ndarray:
        return self.rows.astype(np.float32)

    def in_dtype(self, dtype: str) -> np.ndarray:
        return self.rows32 if dtype == "float32" else self.rows

    @cached_property
    def effective_components(self) -> float:
        """exp(mean entropy of the memberships at the start): 1 is a hard clustering."""
        sample = self.rows[:: max(1, len(self.rows) // 1000)]
        log_joint = np.empty((len(sample), self.cell.K))
        for k, (mean, precision) in enumerate(zip(self.means, self.precisions, strict=True)):
            y = sample - mean
            quadratic = ((y @ precision) * y).sum(axis=1) if precision.ndim == 2 else y**2 @ precision
            log_det = np.linalg.slogdet(precision)[1] if precision.ndim == 2 else np.log(precision).sum()
            log_joint[:, k] = 0.5 * (log_det - quadratic)
        resp = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
        resp /= resp.sum(axis=1, keepdims=True)
        entropy = -(resp * np.log(np.maximum(resp, 1e-300))).sum(axis=1)
        return float(np.exp(entropy.mean()))


def make_problem(cell: Cell, covariance: str, kind: str, seed: int = SEED) -> Problem:
    """The data and start of one cell; the same for the same arguments."""
    rng = np.random.default_rng([seed, *cell, len(covariance), len(kind)])
    n, d, K = cell
    means = _spaced_means(rng, K, d, KINDS[kind])
    variances = np.exp(rng.uniform(-0.5, 0.5, (K, d)))
    rotations = np.linalg.qr(rng.standard_normal((K, d, d)))[0] if covariance == "full" else None
    labels = rng.integers(0, K, n)
    rows = rng.standard_normal((n, d))
    for k in range(K):
        mine = np.flatnonzero(labels == k)
        coloured = rows[mine] * np.sqrt(variances[k])
        rows[mine] = means[k] + (coloured if rotations is None else coloured @ rotations[k].T)
    covariances = 1.2 * variances
    if rotations is not None:
        covariances = np.einsum("kij,kj,klj->kil", rotations, covariances, rotations)
        covariances = 0.5 * (covariances + covariances.swapaxes(1, 2))
    start = means + 0.2 * rng.standard_normal((K, d)) / np.sqrt(d)
    return Problem(cell, covariance, kind, rows, np.full(K, 1.0 / K), start, covariances)


def _spaced_means(rng: np.random.Generator, K: int, d: int, distance: float) -> np.ndarray:
    means = rng.standard_normal((K, d))
    squares = (means**2).sum(axis=1)
    gaps = squares[:, None] + squares - 2.0 * means @ means.T
    np.fill_diagonal(gaps, np.inf)
    means *= distance / np.sqrt(np.median(gaps.min(axis=1)))
    return means


def sklearn_target(covariance: str, d: int) -> float:
    """How many times scikit-learn's speed softmix must reach, one thread, float64."""
    if covariance == "full":
        return 12.0 if d <= 16 else 7.0 if d <= 32 else 5.0
    return 6.0 if d <= 16 else 3.0


def onedal_target(covariance: str, d: int) -> float:
    """How many times oneDAL's speed softmix must reach, one thread, float64."""
    return 2.0 if covariance == "full" and d >= 5 else 1.0


def threads_target(cell: Cell) -> float | None:
    """How many times one thread's speed two threads must reach; None where nothing is asked."""
    return 1.8 if cell.n * cell.d * cell.K >= 1e7 else None


def float32_target(d: int) -> float | None:
    """How many times float64's speed float32 must reach; None where nothing is asked."""
    return 1.6 if d >= 8 else None

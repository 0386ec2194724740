"""Rows with missing values completed from what is observed: by conditional means, or by draws.

    E[x_m | x_o] = Σ_k r_k (μ_m + B_k (x_o − μ_o)),
    draw: k ~ r,  x_m = μ_m + B_k (x_o − μ_o) + H_k ε,  ε ~ N(0, I)

B_k and H_k are those of marginals.py.
"""

from collections.abc import Iterator

import numpy as np

from softmix.blocks import Block
from softmix.blocks.patterns import PatternedRows, by_pattern
from softmix.e_step.gaussian import GaussianEStep
from softmix.e_step.marginals import Marginals, MarginalsOf
from softmix.e_step.own_patterns import OwnPatterns
from softmix.parameters import GaussianParameters

# Numbers in a stack (K, rows, d): rows are taken so many at a time.
_ELEMENTS = 1 << 20


def conditional_means(parameters: GaussianParameters, rows: np.ndarray) -> np.ndarray:
    """`rows` (n, d) with the conditional mean in the place of each missing value."""
    out, own_patterns = rows.copy(), OwnPatterns(parameters)
    crowded = []
    for patterned in by_pattern(rows):
        some, few = own_patterns.split(patterned)
        crowded.append(some)
        own_patterns.conditional_means(few, out)
    for marginals, one in _one_by_one(parameters, crowded):
        resp = _memberships(parameters, marginals, one)
        centers = _conditional_centers(parameters, marginals, one.rows)
        out[np.ix_(one.places, marginals.missing[0])] = np.einsum("nk,knj->nj", resp, centers)
    return out


def conditional_draws(
    parameters: GaussianParameters, rows: np.ndarray, rng: np.random.RandomState
) -> np.ndarray:
    """`rows` (n, d) with the missing values of each row drawn given the observed ones."""
    out = rows.copy()
    # All at once, in the order of the rows, so that the draws do not depend on the patterns.
    uniform, noise = rng.uniform(size=len(rows)), rng.standard_normal(rows.shape)
    for marginals, one in _one_by_one(parameters, by_pattern(rows)):
        passed = _memberships(parameters, marginals, one).cumsum(axis=1)
        chosen = (passed <= uniform[one.places, None] * passed[:, -1:]).sum(axis=1)
        chosen = np.minimum(chosen, parameters.n_components - 1)
        centers = _conditional_centers(parameters, marginals, one.rows)
        drawn = centers[chosen, np.arange(len(chosen))]
        drawn += _residuals(parameters, marginals, chosen, noise[one.places])
        out[np.ix_(one.places, marginals.missing[0])] = drawn
    return out


def _one_by_one(
    parameters: GaussianParameters, groups: list[PatternedRows]
) -> Iterator[tuple[Marginals, PatternedRows]]:
    """The rows of one pattern after the other, complete ones left out."""
    marginals_of, (K, d) = MarginalsOf(parameters, rooted=True), parameters.means.shape
    step = max(_ELEMENTS // (K * d), 1)
    for patterned in groups:
        if patterned.columns.shape[1] == d:
            continue
        for p in range(patterned.n_patterns):
            one = patterned.subset(p, p + 1)
            marginals = marginals_of(one.columns)
            for start in range(0, len(one.rows), step):
                yield marginals, one.part(slice(start, start + step))


def _memberships(parameters: GaussianParameters, marginals: Marginals, one: PatternedRows) -> np.ndarray:
    """(n, K)."""
    if not one.columns.size:
        return np.tile(parameters.weights / parameters.weights.sum(), (len(one.rows), 1))
    resp = np.empty((len(one.rows), parameters.n_components))
    GaussianEStep(marginals.of_pattern(0), one.rows.dtype).evaluate(Block(one.rows, None), resp=resp)
    return resp


def _conditional_centers(
    parameters: GaussianParameters, marginals: Marginals, rows: np.ndarray
) -> np.ndarray:
    """μ_m + B_k (x_o − μ_o), (K, n, m)."""
    means = parameters.means[:, None]
    of_missing = means[..., marginals.missing[0]]
    if marginals.slopes is None:
        return np.repeat(of_missing, len(rows), axis=1)
    steps = rows.astype(np.float64) - means[..., marginals.columns[0]]
    return of_missing + steps @ marginals.slopes[0].swapaxes(-1, -2)


def _residuals(
    parameters: GaussianParameters, marginals: Marginals, chosen: np.ndarray, noise: np.ndarray
) -> np.ndarray:
    """H ε of each row's component, (n, m)."""
    missing = marginals.missing[0]
    if marginals.residuals is None:
        deviations = np.broadcast_to(
            parameters.cholesky_factors().reshape(len(parameters.weights), -1), parameters.means.shape
        )
        return deviations[np.ix_(chosen, missing)] * noise[:, missing]
    residuals = marginals.residuals[0]
    out = np.empty((len(chosen), len(missing)))
    for k in np.unique(chosen):
        out[chosen == k] = noise[chosen == k] @ residuals[min(k, len(residuals) - 1)].T
    return out

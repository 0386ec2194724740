"""Variances with one product for all components, above a floor: what EVI, EVE and EVV share.

With ω_kj ≥ 0 the scatter of component k along its axis j, in coordinates where the floor is
the number ρ, it minimises

    Σ_kj n_k log σ_kj + ω_kj / σ_kj   subject to  Σ_j log σ_kj = L for all k,  σ_kj ≥ ρ.

Given L, each component's minimiser is σ_kj = max(ω_kj / m_k, ρ), with m_k such that the logs
sum to L. Where none of its entries is held, log m_k = mean_j log ω_kj − L / d, and in general

    log m_k(L) = max_j (Σ_{i≤j} log ω_ki + (d − j) log ρ − L) / j,   ω_k1 ≥ ω_k2 ≥ …,

since Σ_j log max(ω_kj / m, ρ) is the largest sum in which the j largest are free. The best L has
Σ_k m_k(L) = n: with nothing held, exp(L / d) = Σ_k |ω_k|^{1/d} / n as in Celeux & Govaert (1995),
models [λ B_k], [λ D A_k Dᵀ] and [λ C_k]. log Σ_k m_k is convex and falls in L, so that Newton's
iteration has no way to fail. Cost O(K d log d) and some O(K d) iterations.
"""

import numpy as np

# Scatter below this share of what the floor would explain is none: its logarithm must be finite.
_NONE = 1e-30
_SETTLED = 1e-14
_MAX_ITERATIONS = 100


def equal_volumes(along: np.ndarray, total: float, lowest: float) -> np.ndarray:
    """The best variances σ, (K, d), for scatters `along` axes, (K, d), of `total` weight n."""
    d = along.shape[1]
    log_scatter = np.log(np.maximum(along, _NONE * lowest * total))
    log_lowest, log_total = np.log(lowest), np.log(total)
    falling = -np.sort(-log_scatter, axis=1)
    free = np.arange(1, d + 1)
    heights = np.cumsum(falling, axis=1) + (d - free) * log_lowest

    def log_multipliers(log_product: float) -> tuple[np.ndarray, np.ndarray]:
        roots = (heights - log_product) / free
        best = roots.argmax(axis=1)
        return np.take_along_axis(roots, best[:, None], axis=1)[:, 0], free[best]

    means = log_scatter.mean(axis=1)
    log_product = d * (_log_sum(means) - log_total)
    free_logs = log_scatter - (means - log_product / d)[:, None]
    if free_logs.min() >= log_lowest:
        return np.exp(free_logs)
    for _ in range(_MAX_ITERATIONS):
        log_product = max(log_product, d * log_lowest)
        log_m, n_free = log_multipliers(log_product)
        excess = _log_sum(log_m) - log_total
        step = excess / float(np.exp(log_m - _log_sum(log_m)) @ (1.0 / n_free))
        if abs(step) <= _SETTLED * max(1.0, abs(log_product)) or log_product + step <= d * log_lowest:
            break
        log_product += step
    log_m, _ = log_multipliers(max(log_product, d * log_lowest))
    return np.exp(np.maximum(log_scatter - log_m[:, None], log_lowest))


def _log_sum(logs: np.ndarray) -> float:
    """log Σ exp(logs)."""
    largest = logs.max()
    return float(largest + np.log(np.exp(logs - largest).sum()))

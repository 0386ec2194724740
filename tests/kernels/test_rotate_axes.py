"""Both kernels turn shared axes alike: the matrices follow, and what is minimised never rises."""

import numpy as np
import pytest

from softmix.kernels import kernel, reference
from softmix.kernels.rotations import planes

KERNELS = [pytest.param(kernel(), id="native"), pytest.param(reference, id="reference")]


def _problem(d: int, n_matrices: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(d)
    roots = rng.standard_normal((n_matrices, d, d))
    return roots @ roots.swapaxes(1, 2), np.exp(rng.standard_normal((n_matrices, d)))


def _misfit(rotated: np.ndarray, precisions: np.ndarray) -> float:
    return float((np.diagonal(rotated, axis1=1, axis2=2) * precisions).sum())


@pytest.mark.parametrize("module", KERNELS)
@pytest.mark.parametrize("d", [1, 2, 3, 6, 13])
def test_a_round_turns_axes_and_matrices_and_loses_nothing(module, d):
    matrices, precisions = _problem(d)
    axes, rotated = module.rotate_axes(np.eye(d), matrices, precisions)
    np.testing.assert_allclose(axes.T @ axes, np.eye(d), atol=1e-13)
    np.testing.assert_allclose(rotated, axes.T @ matrices @ axes, atol=1e-11)
    assert _misfit(rotated, precisions) <= _misfit(matrices, precisions) * (1 + 1e-14)


@pytest.mark.parametrize("d", [2, 5, 8])
def test_the_kernels_agree(d):
    matrices, precisions = _problem(d)
    mine, theirs = (k.rotate_axes(np.eye(d), matrices, precisions) for k in (kernel(), reference))
    for one, other in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-11)


@pytest.mark.parametrize("module", KERNELS)
def test_matrices_with_common_axes_become_diagonal(module):
    d, rng = 5, np.random.default_rng(0)
    common, _ = np.linalg.qr(rng.standard_normal((d, d)))
    variances = np.exp(rng.standard_normal((3, d)))
    rotated = (common * variances[:, None]) @ common.T
    axes = np.eye(d)
    for _ in range(60):
        diagonals = np.diagonal(rotated, axis1=1, axis2=2)
        axes, rotated = module.rotate_axes(axes, rotated, 1.0 / diagonals)
    off = rotated - np.diagonal(rotated, axis1=1, axis2=2)[:, :, None] * np.eye(d)
    assert np.abs(off).max() < 1e-6


def test_every_plane_is_turned_once():
    for d in range(1, 9):
        pairs = planes(d).tolist()
        assert sorted(map(tuple, pairs)) == [(p, q) for p in range(d) for q in range(p + 1, d)]

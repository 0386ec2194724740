"""Rotations of common axes, plane by plane. Flury & Gautschi (1986)."""

from functools import lru_cache

import numpy as np


def rotate_axes(
    axes: np.ndarray, rotated: np.ndarray, precisions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Axes turned in each plane of two of them, to where Σ_kj rotated_kjj precisions_kj is lowest.

    Parameters
    ----------
    axes : ndarray of shape (d, d)
        In columns.
    rotated : ndarray of shape (K, d, d)
        Symmetric matrices as they are along the axes.
    precisions : ndarray of shape (K, d)

    Returns
    -------
    axes, rotated : ndarray
        New ones. The planes are turned one after the other, and only the first does not see what
        others changed.
    """
    axes, rotated = axes.copy(), rotated.copy()
    for p, q in planes(len(axes)).tolist():
        weight = precisions[:, p] - precisions[:, q]
        difference = weight @ (rotated[:, p, p] - rotated[:, q, q])
        angle = 0.5 * np.arctan2(-2.0 * (weight @ rotated[:, p, q]), -difference)
        cosine, sine = np.cos(angle), np.sin(angle)
        turn = np.array([[cosine, -sine], [sine, cosine]])
        axes[:, [p, q]] = axes[:, [p, q]] @ turn
        rotated[:, :, [p, q]] = rotated[:, :, [p, q]] @ turn
        rotated[:, [p, q]] = turn.T @ rotated[:, [p, q]]
    return axes, rotated


@lru_cache(maxsize=8)
def planes(n_axes: int) -> np.ndarray:
    """All pairs of axes (m, 2), in rounds of pairs without a common axis. Brent & Luk (1985)."""
    seats = list(range(n_axes)) + [-1] * (n_axes % 2)
    half, pairs = len(seats) // 2, []
    for _ in range(len(seats) - 1):
        facing = zip(seats[:half], reversed(seats[half:]), strict=True)
        pairs += [sorted(pair) for pair in facing if -1 not in pair]
        seats = [seats[0], seats[-1], *seats[1:-1]]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)

"""Coordinates without units for searches: those that the structure follows, and only where rows differ."""

from collections.abc import Callable

import numpy as np

from softmix.fit.starts.sample import DECIMALS, Sample
from softmix.structures import Equivariance, Structure

# Whitened rows vary by 1; where they vary by less than this they are all alike.
_FLAT = 1e-6


def units_of(sample: Sample, structure: Structure) -> Callable[[np.ndarray], np.ndarray]:
    """The map of rows (n, d) to coordinates without units, (n, m), that the structure follows.

    Axes along which the sample does not differ are left out.
    """
    if structure.equivariance is Equivariance.ROTATIONS:
        mean = np.average(sample.rows.astype(np.float64), axis=0, weights=sample.weights)
        centred = sample.rows - mean
        scatter = (sample.weights[:, None] * centred).T @ centred / sample.weights.sum()
        eigenvalues, axes = np.linalg.eigh(scatter)
        kept = eigenvalues > _FLAT**2 * eigenvalues[-1]
        # The unit is the floor's: the narrowest spread, or, of round components, the mean one.
        unit = eigenvalues[kept][:1] if structure.shape.is_matrix else eigenvalues.mean()
        scaled = _upright(axes[:, kept], centred, sample.weights) / np.sqrt(unit)
        return lambda rows: ((rows - mean) @ scaled).round(DECIMALS)
    axes = _varying(sample, matrices=structure.shape.is_matrix)
    return lambda rows: (sample.coordinates(rows) @ axes).round(DECIMALS)


def views_of(sample: Sample, rows: np.ndarray, structure: Structure) -> tuple[np.ndarray, np.ndarray]:
    """The coordinates in which a search's first clusters are sought: standardised, and whitened.

    Columns' own units would be a direction to a structure that follows rotations: `rows`, the
    sample's in the units of `units_of`, are its only view.
    """
    if structure.equivariance is Equivariance.ROTATIONS:
        return rows, rows
    return sample.standardised, sample.whitened


def _upright(axes: np.ndarray, centred: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """`axes`, each turned to where the longer tail is: the same whichever way the rows are turned."""
    return axes * np.where(weights @ (centred @ axes) ** 3 < 0, -1.0, 1.0)


def _varying(sample: Sample, *, matrices: bool) -> np.ndarray:
    """Axes (d, m) of the whitened rows, without those along which they do not differ."""
    centred = sample.whitened - np.average(sample.whitened, axis=0, weights=sample.weights)
    if not matrices:
        return np.eye(centred.shape[1])[:, (centred**2).mean(axis=0) > _FLAT]
    scatter = (sample.weights[:, None] * centred).T @ centred / sample.weights.sum()
    eigenvalues, axes = np.linalg.eigh(scatter)
    return np.eye(len(axes)) if eigenvalues[0] > _FLAT else axes[:, eigenvalues > _FLAT]

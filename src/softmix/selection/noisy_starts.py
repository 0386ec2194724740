"""Starts of models with noise: each free structure searches once for a K, and hands over what it found."""

import numpy as np

from softmix.blocks import Block
from softmix.e_step import GaussianEStep, statistics_from_resp
from softmix.fit.maximiser import Maximiser
from softmix.fit.starts import Sample
from softmix.parameters import GaussianParameters


def handed_over(found: GaussianParameters, sample: Sample, maximiser: Maximiser) -> GaussianParameters:
    """The start of another structure at the memberships that `found` gives to the rows of `sample`."""
    K, rows = found.n_components, sample.rows.astype(np.float64)
    resp = np.empty((len(rows), found.n_memberships))
    GaussianEStep(found, rows.dtype).evaluate(Block(rows, None), resp=resp)
    shape = maximiser.structure.shape
    statistics = statistics_from_resp(shape, rows, resp[:, :K], sample.weights)
    share = float(sample.weights @ resp[:, K] / sample.weights.sum())
    return maximiser.with_noise(maximiser.m_step(statistics), max(share, 1.0 / len(rows)))

"""What sweeps cost, densely and by groups, in pairs of row and component: counts, never times.

Measured with 8 columns, one thread, AVX-512: a pair takes 2.5 ns, its share of gathering the row
included where rows come in groups.
"""

from typing import TypeVar

import numpy as np

from softmix.blocks import ArrayBlocks
from softmix.parameters import GaussianParameters

Amount = TypeVar("Amount", int, np.ndarray)

_TILE = 96  # the kernel fills up its last tile
# What a group costs over its pairs, and each of its components and rows.
_GROUP, _COMPONENT, _ROW = 1000, 100, 6
GROUP_COSTS = (_TILE, _ROW, _COMPONENT, _GROUP)  # as native/group_rows.hpp names them
# What it costs to see which components the rows of groups need, in dense sweeps: with 8 to 64 columns and
# components apart, where a dense sweep leaves most of the M-step out, 1.4 to 1.8; where a pair costs a few
# operations a column, 4 to 7.
_MAKING, _MAKING_DIAGONAL = 1.5, 4.5
# Groups must promise to cost at most this share of a dense sweep. In diagonal sweeps a pair of a group costs
# about twice what one of a dense sweep does, whose moments are mostly left out.
_WORTH, _WORTH_DIAGONAL = 0.6, 0.3
# What else it takes to make one group, in multiply-adds.
_MAKING_WORK = 1e6
# The rows that are ordered together: so many for each component, and in all.
_SPAN_ROWS, _MIN_SPAN = 512, 1 << 16


def span_rows(n_components: int) -> int:
    """How many consecutive rows are ordered by label: some hundred for each."""
    return max(_SPAN_ROWS * n_components, _MIN_SPAN)


def group_cost(rows: Amount, components: Amount) -> Amount:
    """Of the E-step of a group."""
    tiles = (rows + _TILE - 1) // _TILE
    return tiles * _TILE * (components + _ROW) + _GROUP + _COMPONENT * components


def dense_cost(source: ArrayBlocks, parameters: GaussianParameters) -> float:
    """Of a dense sweep, and of finding each row's likeliest component."""
    return float(source.n_rows * parameters.n_components)


def worthwhile_cost(source: ArrayBlocks, parameters: GaussianParameters) -> float:
    """What a sweep by groups may cost."""
    worth = _WORTH if parameters.shape.is_matrix else _WORTH_DIAGONAL
    return worth * dense_cost(source, parameters)


def making_cost(source: ArrayBlocks, parameters: GaussianParameters, share: float = 1.0) -> float:
    """Of making the groups of a share of the rows, labels known."""
    K, d = parameters.means.shape
    groups = max(source.n_rows * K / span_rows(K), K)
    making = _MAKING if parameters.shape.is_matrix else _MAKING_DIAGONAL
    return share * (making * dense_cost(source, parameters) + groups * _MAKING_WORK / work_of_pair(d))


def work_of_pair(n_features: int) -> float:
    """Multiply-adds of one row and component."""
    return n_features**2 / 2 + 3 * n_features + 20

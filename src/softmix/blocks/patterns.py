"""Rows with missing values (NaN), in order of their patterns: which columns are observed.

Rows of one pattern are complete rows of fewer columns, so what computes with complete rows can
take them. The observed values are copied into arrays without holes.
"""

from dataclasses import dataclass

import numpy as np

# Bits of a pattern that sort as one integer.
_SHORT, _WORD = 16, 64


@dataclass(frozen=True, eq=False)
class PatternedRows:
    """Rows with equally many values observed, pattern by pattern.

    Parameters
    ----------
    columns : ndarray of int64 of shape (P, q)
        The observed columns of each pattern, ascending. Patterns of many rows come first.
    starts : ndarray of int64 of shape (P + 1,)
        Rows starts[p] … starts[p + 1] have pattern p.
    rows : ndarray of shape (m, q)
        The observed values, C-contiguous.
    weights : ndarray of shape (m,) or None
    places : ndarray of int64 of shape (m,)
        Which row of the block each of them is.
    """

    columns: np.ndarray
    starts: np.ndarray
    rows: np.ndarray
    weights: np.ndarray | None
    places: np.ndarray

    @property
    def n_patterns(self) -> int:
        return len(self.columns)

    @property
    def total_weight(self) -> float:
        """Σ w, the number of rows where they have no weights."""
        return float(len(self.rows) if self.weights is None else self.weights.sum())

    def subset(self, first: int, last: int) -> "PatternedRows":
        """Patterns `first` to `last`, the latter left out."""
        kept = slice(self.starts[first], self.starts[last])
        starts = self.starts[first : last + 1] - self.starts[first]
        return self._with_rows(self.columns[first:last], starts, kept)

    def part(self, rows: slice) -> "PatternedRows":
        """Some of the rows of a single pattern."""
        starts = np.array([0, len(self.rows[rows])])
        return self._with_rows(self.columns, starts, rows)

    def _with_rows(self, columns: np.ndarray, starts: np.ndarray, kept: slice) -> "PatternedRows":
        weights = None if self.weights is None else self.weights[kept]
        return PatternedRows(columns, starts, self.rows[kept], weights, self.places[kept])


def by_pattern(rows: np.ndarray, weights: np.ndarray | None = None) -> list[PatternedRows]:
    """The rows by the number of observed values, then by pattern, those of many rows first."""
    observed = ~np.isnan(rows)
    order, starts = _in_order(observed)
    firsts = order[starts[:-1]]
    counts = observed[firsts].sum(axis=1)
    by_count = np.lexsort((-np.diff(starts), counts))
    return [
        _of_patterns(rows, weights, observed, order, starts, which)
        for which in np.split(by_count, np.flatnonzero(np.diff(counts[by_count])) + 1)
    ]


def _of_patterns(
    rows: np.ndarray,
    weights: np.ndarray | None,
    observed: np.ndarray,
    order: np.ndarray,
    starts: np.ndarray,
    which: np.ndarray,
) -> PatternedRows:
    places = np.concatenate([order[starts[p] : starts[p + 1]] for p in which])
    sizes = np.diff(starts)[which]
    patterns = observed[order[starts[which]]]
    columns = np.nonzero(patterns)[1].reshape(len(which), -1)
    kept = rows[places]
    if columns.shape[1] < rows.shape[1]:
        kept = kept[np.repeat(patterns, sizes, axis=0)].reshape(len(places), columns.shape[1])
    return PatternedRows(
        columns,
        np.concatenate([[0], np.cumsum(sizes)]),
        kept,
        None if weights is None else weights[places],
        places,
    )


def _in_order(observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers by pattern, and where each pattern begins, with the number of rows at the end."""
    words = _words(observed)
    order = np.argsort(words[:, 0], kind="stable") if words.shape[1] == 1 else np.lexsort(words.T)
    changes = (np.diff(words[order], axis=0) != 0).any(axis=1)
    return order, np.concatenate([[0], np.flatnonzero(changes) + 1, [len(observed)]])


def _words(observed: np.ndarray) -> np.ndarray:
    """The patterns as integers, (n, w): short ones as what NumPy sorts fastest."""
    n, d = observed.shape
    bits = _SHORT if d <= _SHORT else -(-d // _WORD) * _WORD
    packed = np.zeros((n, bits // 8), np.uint8)
    packed[:, : -(-d // 8)] = np.packbits(observed, axis=1)
    return packed.view(np.uint16 if bits == _SHORT else np.uint64)

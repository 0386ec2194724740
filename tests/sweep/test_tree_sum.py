"""The tree sum: the same bits in any order, from any thread; accurate; complete or refused."""

from concurrent.futures import ThreadPoolExecutor
from math import fsum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmix.sweep import TreeSum


def total(items, order):
    tree = TreeSum()
    for number in order:
        tree.add(number, items[number])
    return tree.total()


@given(st.data(), st.integers(1, 33))
def test_any_order(data, n):
    items = [0.1 * 3.0**i for i in range(n)]
    order = data.draw(st.permutations(range(n)))
    assert total(items, order) == total(items, range(n))


@pytest.mark.parametrize("n", range(1, 18))
def test_every_item_once(n):
    assert total([1 << i for i in range(n)], range(n)) == (1 << n) - 1


@pytest.mark.parametrize("n", range(1, 18))
def test_the_tree_is_that_of_pairs(n):
    """Items join by twos, their sums by twos, and the last one without a neighbour goes up as it is."""
    level = items = [f"{i}." for i in range(n)]
    while len(level) > 1:
        level = [
            f"({''.join(level[i : i + 2])})" if i + 1 < len(level) else level[i]
            for i in range(0, len(level), 2)
        ]
    assert str(total([_Joined(item) for item in items], range(n))) == level[0]


class _Joined(str):
    __slots__ = ()

    def __add__(self, other):
        return _Joined(f"({self!s}{other!s})")


def test_left_comes_before_right():
    """Strings do not commute: the order of the rows is the order of the sum."""
    assert total(list("abcdefg"), [6, 2, 0, 5, 1, 3, 4]) == "abcdefg"


def test_rounding_grows_with_the_logarithm():
    items = np.random.default_rng(0).uniform(0, 1, 1 << 14).tolist()
    exact, running = fsum(items), 0.0
    for item in items:
        running += item
    tree = total(items, range(len(items)))
    assert abs(tree - exact) <= 14 * np.finfo(float).eps * exact / 2
    assert abs(tree - exact) < abs(running - exact)


def test_from_many_threads():
    items = (np.random.default_rng(0).standard_normal(500) * 1e3).tolist()
    tree = TreeSum()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(tree.add, range(len(items)), items))
    assert tree.total() == total(items, range(len(items)))


def test_an_incomplete_sum_is_refused():
    tree = TreeSum()
    tree.add(0, 1.0)
    tree.add(2, 1.0)
    with pytest.raises(RuntimeError, match="Not all of the 3 items"):
        tree.total()

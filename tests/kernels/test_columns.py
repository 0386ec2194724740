"""Both kernels make the same rows of columns and agree on what is finite."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmix.kernels import kernel, reference

KERNELS = [pytest.param(kernel(), id="native"), pytest.param(reference, id="reference")]
DTYPES = st.sampled_from([np.float32, np.float64])


@pytest.mark.parametrize("module", KERNELS)
@given(
    n=st.integers(0, 40),
    d=st.integers(1, 20),
    start=st.integers(0, 5),
    dtypes=st.tuples(DTYPES, DTYPES),
    step=st.integers(1, 2),
)
def test_rows_are_the_columns_side_by_side(module, n, d, start, dtypes, step):
    columns = [np.arange(j, j + 100, dtype=dtypes[0])[::step] for j in range(d)]
    rows = np.full((n + 1, d), -1, dtype=dtypes[1])
    module.interleave(columns, start, rows[:n])
    np.testing.assert_array_equal(rows[:n], np.stack(columns, axis=1)[start : start + n])
    assert (rows[n] == -1).all()


@pytest.mark.parametrize("module", KERNELS)
@given(
    n=st.integers(1, 70),
    at=st.integers(0, 69),
    dtype=DTYPES,
    value=st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-320, "max", "min"]),
    step=st.integers(1, 2),
)
def test_what_is_finite(module, n, at, dtype, value, step):
    limits = {"max": np.finfo(dtype).max, "min": np.finfo(dtype).min}
    values = np.full(2 * n, -np.finfo(dtype).max, dtype)[::step]
    values[at % len(values)] = limits.get(value, value)
    assert module.all_finite(values) == np.isfinite(values).all()


@pytest.mark.parametrize("module", KERNELS)
@pytest.mark.parametrize("dtype", [np.int64, np.bool_, np.float16])
def test_numbers_of_other_types_are_finite_or_not_alike(module, dtype):
    assert module.all_finite(np.ones((3, 2), dtype))

"""What may be fitted: arrays of any layout, viewed and not copied, and tables with their names."""

import tracemalloc

import numpy as np
import pytest
from simulate import TYPES, clusters

from softmix import GaussianMixture
from softmix.blocks import ArrayBlocks

X, _ = clusters(n=300, d=3)
NAMES = ["a", "b", "c"]


def _tables():
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    columns = dict(zip(NAMES, X.T, strict=True))
    return {
        "pandas": pandas.DataFrame(columns),
        "polars": polars.DataFrame(columns),
        "arrow": pyarrow.table(columns),
    }


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_tables(kind):
    table = _tables()[kind]
    model, plain = GaussianMixture(3, random_state=0).fit(table), GaussianMixture(3, random_state=0).fit(X)
    np.testing.assert_array_equal(model.means_, plain.means_)
    assert model.feature_names_in_.tolist() == NAMES
    for method in ("predict", "predict_proba", "score_samples", "transform"):
        np.testing.assert_array_equal(getattr(model, method)(table), getattr(plain, method)(X))
    assert model.score(table, sample_weight=np.ones(300)) == pytest.approx(plain.score(X))
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(_tables()["pandas"].rename(columns={"a": "z"}))


def test_rows_of_lists():
    np.testing.assert_array_equal(
        GaussianMixture(2, random_state=0).fit(X.tolist()).means_,
        GaussianMixture(2, random_state=0).fit(X).means_,
    )


def _layouts(tmp_path, dtype):
    base = X.astype(dtype)
    wide = np.zeros((600, 6), dtype)
    wide[::2, 1:4] = base
    readonly = base.copy()
    readonly.flags.writeable = False
    np.save(tmp_path / "rows.npy", base)
    return {
        "Fortran": np.asfortranarray(base),
        "strided": wide[::2, 1:4],
        "reversed": base[::-1].copy()[::-1],
        "read-only": readonly,
        "memory-mapped": np.load(tmp_path / "rows.npy", mmap_mode="r"),
    }


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("layout", ["Fortran", "strided", "reversed", "read-only", "memory-mapped"])
def test_layouts(tmp_path, dtype, layout):
    """Every layout gives the same bits."""
    rows, plain = _layouts(tmp_path, dtype)[layout], np.ascontiguousarray(X, dtype)
    model, twin = GaussianMixture(3, random_state=0).fit(rows), GaussianMixture(3, random_state=0).fit(plain)
    np.testing.assert_array_equal(model.means_, twin.means_)
    np.testing.assert_array_equal(model.predict_proba(rows), twin.predict_proba(plain))
    assert np.shares_memory(ArrayBlocks(rows).rows, rows)


@pytest.mark.parametrize("layout", ["C", "Fortran", "strided"])
def test_fit_and_predict_copy_no_array_whole(layout):
    n, d = 500_000, 8
    rows = np.empty((n, d), order="F" if layout == "Fortran" else "C")
    if layout == "strided":
        rows = np.empty((n, 2 * d))[:, ::2]
    rows[...] = np.random.default_rng(0).standard_normal((n, d))
    model = GaussianMixture(
        2, max_iter=2, tol=1e9, random_state=0, covariance_type="diag", init_params="random", n_jobs=2
    )
    with pytest.warns(UserWarning, match="did not converge"):
        model.fit(rows[:5000])  # loads what loads once
    tracemalloc.start()
    try:
        with pytest.warns(UserWarning, match="did not converge"):
            model.fit(rows)
        peak_of_fit = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        model.predict(rows)
        peak_of_predict = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    size = n * d * 8
    labels, sample = n * 8, 32768 * d * 8
    # The labels are the answer; a start looks at a sample of rows, in a few forms.
    assert peak_of_fit < labels + 6 * sample + 2**23 < size
    assert peak_of_predict < 2 * labels + 2**23 < size


@pytest.mark.parametrize("covariance_type", TYPES)
def test_wrong_number_of_columns(covariance_type):
    model = GaussianMixture(2, covariance_type=covariance_type).fit(X)
    with pytest.raises(ValueError, match="X has 2 features, but GaussianMixture is expecting 3"):
        model.predict(X[:, :2])

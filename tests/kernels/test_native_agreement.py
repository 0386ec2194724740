"""The native kernel agrees with its NumPy twin: every shape, size, dtype and instruction set."""

import os
import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from softmix.kernels import RowGroups, native, reference
from softmix.parameters import FactorShape, GaussianParameters
from softmix.statistics import GaussianStatistics, StatisticsLayout

FEATURES = (1, 2, 3, 5, 8, 13, 16, 17, 32, 64, 100, 257)
COMPONENTS = (1, 2, 7, 16, 100)
ROWS = (1, 95, 96, 97, 203, 333)
TOLERANCE = {"float64": 1e-13, "float32": 2e-5}
SHAPES = tuple(FactorShape)


def make_parameters(shape: FactorShape, K: int, d: int, seed: int = 0) -> GaussianParameters:
    rng = np.random.default_rng(seed)
    means = rng.normal(5.0, 2.0, (K, d))
    if shape.is_matrix:
        factors = np.tril(rng.normal(size=(K, d, d)) * 0.3 / np.sqrt(d))
        factors[:, np.arange(d), np.arange(d)] = rng.uniform(0.5, 2.0, (K, d))
        factors = factors[0] if shape is FactorShape.SHARED else factors
    else:
        factors = rng.uniform(0.5, 2.0, (K, d) if shape is FactorShape.DIAGONAL else K)
    return GaussianParameters(rng.dirichlet(np.full(K, 3.0)), means, factors, shape)


def make_rows(parameters: GaussianParameters, n: int, dtype: str, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rows = parameters.means[rng.integers(parameters.n_components, size=n)]
    return (rows + rng.normal(size=rows.shape)).astype(dtype)


def statistics_of(kernel, parameters, rows, row_weights=None, **how) -> GaussianStatistics:
    layout = StatisticsLayout(parameters.shape, *parameters.means.shape)
    prepared = kernel.prepare(parameters, rows.dtype, **how)
    values = np.zeros(layout.size)
    kernel.accumulate(prepared, rows, row_weights, values)
    return GaussianStatistics(prepared.centers, layout, values)


def evaluation_of(kernel, parameters, rows, **how) -> dict[str, np.ndarray]:
    n, K = len(rows), parameters.n_components
    outputs = {
        "log_norm": np.empty(n),
        "resp": np.empty((n, K)),
        "labels": np.empty(n, np.int64),
        "log_joint": np.empty((n, K)),
    }
    kernel.evaluate(kernel.prepare(parameters, rows.dtype, **how), rows, **outputs)
    return outputs


def assert_same_statistics(actual, expected, tolerance):
    assert np.array_equal(actual.centers, expected.centers)
    spread = np.sqrt(np.abs(expected.scatter).max() * expected.total_weight)
    for part, scale in (("count", expected.total_weight), ("sum", spread), ("scatter", 0.0)):
        wanted = getattr(expected, part)
        atol = tolerance * max(scale, np.abs(wanted).max())
        np.testing.assert_allclose(getattr(actual, part), wanted, rtol=0, atol=atol, err_msg=part)
    np.testing.assert_allclose(actual.log_likelihood, expected.log_likelihood, rtol=10 * tolerance)
    np.testing.assert_allclose(actual.total_weight, expected.total_weight, rtol=1e-14)
    assert actual.rows == expected.rows


@cache
def problem(shape, K, d, dtype):
    """Parameters, rows, weights and what the reference makes of them."""
    parameters = make_parameters(shape, K, d)
    n = ROWS[(K + d) % len(ROWS)]
    rows = make_rows(parameters, n, dtype)
    weights = np.random.default_rng(2).uniform(0.0, 2.0, n) if d % 2 else None
    return (
        parameters,
        rows,
        weights,
        statistics_of(reference, parameters, rows, weights),
        evaluation_of(reference, parameters, rows),
    )


# The dtype and the shape vary slowest, so that one reference serves every instruction set.
@pytest.mark.parametrize("isa", native.available)
@pytest.mark.parametrize("K", COMPONENTS)
@pytest.mark.parametrize("d", FEATURES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_every_size(dtype, shape, d, K, isa):
    parameters, rows, weights, expected, evaluated = problem(shape, K, d, dtype)
    tolerance = TOLERANCE[dtype]
    assert_same_statistics(statistics_of(native, parameters, rows, weights, isa=isa), expected, tolerance)
    actual = evaluation_of(native, parameters, rows, isa=isa)
    for name in ("log_norm", "log_joint"):
        np.testing.assert_allclose(actual[name], evaluated[name], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(actual["resp"], evaluated["resp"], rtol=0, atol=tolerance)
    best = np.take_along_axis(evaluated["log_joint"], actual["labels"][:, None], axis=1)[:, 0]
    np.testing.assert_allclose(best, evaluated["log_joint"].max(axis=1), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("isa", native.available)
@pytest.mark.parametrize("n", [1, 2, 7, 8, 23, 24, 25, 95, 96, 97, 191, 193, 1537, 3001])
@pytest.mark.parametrize(("d", "shape"), [(2, "full"), (6, "diagonal"), (19, "full"), (40, "shared")])
def test_ragged_row_counts(d, shape, n, isa):
    parameters = make_parameters(FactorShape(shape), 9, d)
    rows = make_rows(parameters, n, "float64")
    assert_same_statistics(
        statistics_of(native, parameters, rows, isa=isa), statistics_of(reference, parameters, rows), 1e-13
    )


@pytest.mark.parametrize("isa", native.available)
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("d", [2, 8, 12, 40])
@pytest.mark.parametrize("shape", SHAPES)
def test_separated_components_take_the_sparse_path(shape, d, dtype, isa):
    """Rows that a component has no part in are left out of its moments."""
    parameters = make_parameters(shape, 20, d)
    parameters = GaussianParameters(parameters.weights, parameters.means * 50, parameters.factors, shape)
    rows = make_rows(parameters, 500, dtype)
    assert_same_statistics(
        statistics_of(native, parameters, rows, isa=isa),
        statistics_of(reference, parameters, rows),
        TOLERANCE[dtype] * (1 if dtype == "float64" else 50),
    )


def overlapping_parameters(shape: FactorShape, K: int, d: int) -> GaussianParameters:
    """Components of nearly one place and shape: every row belongs to all."""
    apart = make_parameters(shape, K, d)
    means = 5.0 + 0.1 * (apart.means - 5.0) / np.sqrt(d)
    unit = np.eye(d) if shape.is_matrix else 1.0
    return GaussianParameters(apart.weights, means, unit + 0.05 * apart.factors / np.sqrt(d), shape)


@pytest.mark.parametrize("isa", native.available)
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(
    ("d", "n", "K"), [(21, 500, 9), (33, 203, 4), (40, 96, 6), (64, 901, 9), (101, 700, 16)]
)
@pytest.mark.parametrize("shape", SHAPES)
def test_overlapping_components_share_rows(shape, d, n, K, dtype, isa):
    """Components that have a part in nearly all rows are added up several at a time."""
    parameters = overlapping_parameters(shape, K, d)
    rows = make_rows(parameters, n, dtype)
    weights = np.random.default_rng(2).uniform(0.0, 2.0, n) if d % 2 else None
    assert evaluation_of(reference, parameters, rows)["resp"].min() > 1e-12
    assert_same_statistics(
        statistics_of(native, parameters, rows, weights, isa=isa),
        statistics_of(reference, parameters, rows, weights),
        TOLERANCE[dtype],
    )


@pytest.mark.parametrize("isa", native.available)
@pytest.mark.parametrize("shape", SHAPES)
def test_far_rows_stay_finite_and_rightly_shared(shape, isa):
    parameters = make_parameters(shape, 4, 3)
    rows = np.vstack([make_rows(parameters, 50, "float64"), np.full((3, 3), 1e6), np.full((3, 3), -1e6)])
    actual, expected = (
        evaluation_of(native, parameters, rows, isa=isa),
        evaluation_of(reference, parameters, rows),
    )
    assert np.isfinite(actual["log_norm"]).all()
    np.testing.assert_allclose(actual["resp"].sum(axis=1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(actual["log_norm"], expected["log_norm"], rtol=1e-12)
    assert np.array_equal(actual["labels"], expected["labels"])


@pytest.mark.parametrize("isa", native.available)
def test_memberships_below_the_cut_of_the_fit_are_still_given(isa):
    """Only statistics leave out negligible memberships; asked for, they are exact."""
    parameters = GaussianParameters(
        np.full(2, 0.5), np.array([[0.0], [20.0]]), np.ones((2, 1)), FactorShape.DIAGONAL
    )
    resp = evaluation_of(native, parameters, np.array([[0.0]]), isa=isa)["resp"]
    np.testing.assert_allclose(resp[0, 1], np.exp(-200.0), rtol=1e-12)


@pytest.mark.parametrize("isa", native.available)
@pytest.mark.parametrize("d", [2, 12, 40])
@pytest.mark.parametrize("shape", ["full", "shared"])
def test_float32_restores_what_rounding_the_mean_loses(shape, d, isa):
    """Without the offset b = F (μ − c) the float32 densities would be off by far more than this."""
    plain = make_parameters(FactorShape(shape), 3, d)
    means = plain.means + 4096.3  # the spacing of float32 there is 5e-4
    parameters = GaussianParameters(plain.weights, means, plain.factors * 100, FactorShape(shape))
    rows = np.repeat(means.astype(np.float32), 5, axis=0)
    actual, expected = (
        evaluation_of(native, parameters, rows, isa=isa)["log_joint"],
        evaluation_of(reference, parameters, rows)["log_joint"],
    )
    own = np.repeat(np.eye(3, dtype=bool), 5, axis=0)
    assert np.abs(expected[own] - np.tile(parameters.log_constants, (5, 1)).T.ravel()).max() > 1e-4
    np.testing.assert_allclose(actual[own], expected[own], rtol=2e-6, atol=2e-5)


@pytest.mark.parametrize("isa", native.available)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_exp_and_log_over_their_range(isa, dtype):
    """One component gives log p = −½ z² + const; two give log-sum-exp: both to rounding."""
    z = np.concatenate([np.linspace(0.0, 12.0, 4001), np.geomspace(1e-8, 1e-1, 500)]).astype(dtype)
    parameters = GaussianParameters(
        np.array([0.25, 0.75]), np.array([[0.0], [3.0]]), np.ones((2, 1)), FactorShape.DIAGONAL
    )
    actual, expected = (
        evaluation_of(native, parameters, z[:, None], isa=isa),
        evaluation_of(reference, parameters, z[:, None]),
    )
    tolerance = 1e-14 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(actual["log_norm"], expected["log_norm"], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(actual["resp"], expected["resp"], rtol=100 * tolerance)


def test_the_environment_forces_an_instruction_set():
    code = "from softmix.kernels import native; print(native.isa)"
    for isa in native.available:
        shown = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"SOFTMIX_ISA": isa},
            capture_output=True,
            text=True,
            check=True,
        )
        assert shown.stdout.strip() == isa


def test_an_unknown_instruction_set_is_refused_by_name():
    code = "from softmix.kernels import kernel; kernel()"
    shown = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"SOFTMIX_ISA": "sse9"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode != 0
    assert "SOFTMIX_ISA='sse9'" in shown.stderr
    assert native.available[-1] in shown.stderr


@pytest.mark.parametrize("isa", native.available)
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("d", [1, 2, 8, 40])
@pytest.mark.parametrize("shape", SHAPES)
def test_groups_see_their_own_components_alone(shape, d, weighted, dtype, isa):
    parameters = make_parameters(shape, 9, d)
    rows = make_rows(parameters, 333, dtype)
    weights = np.random.default_rng(2).uniform(0.0, 2.0, 333) if weighted else None
    groups = RowGroups.of([(1, np.array([4])), (200, np.arange(9)), (132, np.array([0, 3, 8]))])
    layout = StatisticsLayout(shape, 9, d)
    found = []
    for kernel, how in ((native, {"isa": isa}), (reference, {})):
        prepared, values = kernel.prepare_groups(parameters, rows.dtype, **how), np.zeros(layout.size)
        kernel.accumulate_groups(prepared, rows, weights, groups, values)
        found.append(GaussianStatistics(prepared.centers, layout, values))
    assert_same_statistics(*found, TOLERANCE[dtype])
    # Each group by itself, as a mixture of its own.
    count = np.zeros(9)
    for span, components in groups:
        of_group = None if weights is None else weights[span]
        part = statistics_of(reference, parameters.subset(components), rows[span], of_group)
        count[components] += part.count
    np.testing.assert_allclose(found[1].count, count, rtol=1e-12)

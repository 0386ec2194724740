"""A sweep with threads: an error in any block comes out, and no thread stays behind."""

import signal
import threading
import time

import numpy as np
import pytest
from simulate import parameters

from softmix.blocks import ArrayBlocks
from softmix.parameters import FactorShape
from softmix.sweep import ThreadSweep

ROWS = np.random.default_rng(0).standard_normal((50_000, 2))


class _Torn(ArrayBlocks):
    """A source whose second block cannot be read."""

    def __getitem__(self, number):
        if number == 1:
            raise OSError("torn page")
        return super().__getitem__(number)


@pytest.mark.parametrize("n_jobs", [1, 2, 4])
def test_errors_come_out(n_jobs):
    model = parameters(FactorShape.FULL)
    with pytest.raises(OSError, match="torn page"), ThreadSweep(_Torn(ROWS), n_jobs) as sweep:
        sweep(model)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("softmix")]


class _TornInOneThread(ArrayBlocks):
    """A source that one thread cannot read, and the others read slowly."""

    def __init__(self, rows, torn_for_main):
        super().__init__(rows)
        self.torn_for_main, self.read = torn_for_main, 0

    def __getitem__(self, number):
        if (threading.current_thread() is threading.main_thread()) == self.torn_for_main:
            raise OSError("torn page")
        time.sleep(0.01)
        self.read += 1
        return super().__getitem__(number)


@pytest.mark.parametrize("torn_for_main", [True, False])
def test_an_error_in_one_thread_stops_the_others(torn_for_main):
    source = _TornInOneThread(np.zeros((300 * 16384, 1)), torn_for_main)
    with pytest.raises(OSError, match="torn page"), ThreadSweep(source, 2) as sweep:
        sweep(parameters(FactorShape.SCALAR, d=1))
    assert source.read < len(source) / 2


@pytest.mark.parametrize("shape", list(FactorShape))
@pytest.mark.parametrize("weighted", [False, True])
def test_evaluations_agree(shape, weighted):
    model, weights = parameters(shape), np.arange(len(ROWS)) % 3.0 if weighted else None
    outputs = {
        "log_norm": np.empty(len(ROWS)),
        "resp": np.empty((len(ROWS), 3)),
        "labels": np.empty(len(ROWS), np.int64),
        "log_joint": np.empty((len(ROWS), 3)),
    }
    with ThreadSweep(ArrayBlocks(ROWS, weights), n_jobs=2) as sweep:
        sweep.evaluate(model, **outputs)
        log_likelihood = sweep.log_likelihood(model)
        classified = sweep.classification_log_likelihood(model)
        both = sweep.log_likelihoods(model)
        statistics = sweep(model)
    assert both == (log_likelihood, classified)
    counted = np.ones(len(ROWS)) if weights is None else weights
    np.testing.assert_allclose(
        outputs["resp"], np.exp(outputs["log_joint"] - outputs["log_norm"][:, None]), atol=1e-12
    )
    np.testing.assert_array_equal(outputs["labels"], outputs["log_joint"].argmax(axis=1))
    assert log_likelihood == pytest.approx(counted @ outputs["log_norm"], rel=1e-12)
    assert classified == pytest.approx(counted @ outputs["log_joint"].max(axis=1), rel=1e-12)
    assert statistics.log_likelihood == pytest.approx(log_likelihood, rel=1e-11)
    np.testing.assert_allclose(statistics.count, counted @ outputs["resp"], rtol=1e-10)
    assert statistics.total_weight == counted.sum()


@pytest.mark.parametrize("shape", list(FactorShape))
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("weighted", [False, True])
def test_blocks_that_the_kernel_shares_add_up_as_those_of_python(shape, dtype, weighted):
    model, rows = parameters(shape), ROWS.astype(dtype)
    for n in (1, 16_384, 16_385, 50_000):
        weights = np.linspace(0.5, 2.0, n) if weighted else None
        # The blocks of a Fortran-ordered array are copied, so they are taken in Python.
        expected = _values(ArrayBlocks(np.asfortranarray(rows[:n]), weights), model, 1)
        for n_jobs in (1, 2, 4):
            np.testing.assert_array_equal(_values(ArrayBlocks(rows[:n], weights), model, n_jobs), expected)


def test_rows_of_weight_zero_may_be_anything():
    rows, weights = ROWS.copy(), np.ones(len(ROWS))
    rows[::7], weights[::7] = np.nan, 0.0
    counted = weights > 0
    model = parameters(FactorShape.FULL)
    found = _values(ArrayBlocks(rows, weights), model, 2)
    np.testing.assert_allclose(found, _values(ArrayBlocks(ROWS[counted]), model, 2), rtol=1e-9, atol=1e-9)


def test_ctrl_c_ends_a_sweep_and_the_next_one_is_whole():
    model = parameters(FactorShape.FULL)
    many = ArrayBlocks(np.tile(ROWS, (20, 1)))
    with ThreadSweep(many, 2, grouping=False) as sweep:
        timer = threading.Timer(0.02, signal.raise_signal, [signal.SIGINT])
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            _sweep_on(sweep, model)
        timer.join()
        interrupted = sweep(model)
    np.testing.assert_array_equal(interrupted.values, _values(many, model, 1))


def _sweep_on(sweep, model):
    for _ in range(1000):
        sweep(model)


def _values(source, model, n_jobs):
    with ThreadSweep(source, n_jobs, grouping=False) as sweep:
        return sweep(model).values

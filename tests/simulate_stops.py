"""Fits that end early at a sweep of one's choosing: by an error, or by Ctrl-C."""

import signal


class StoppedError(Exception):
    """What ends a fit where a test wants it to, as a kill would: nobody has time to write anything."""


class At:
    """A callback of scikit-learn's that does something once the sweeps of a fit are so many."""

    def __init__(self, sweep, do):
        self.sweep, self.do, self.seen = sweep, do, 0

    def setup(self, estimator, context):
        self.seen = 0

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.seen += context.task_name == "sweep"
        return self.do() if context.task_name == "sweep" and self.seen == self.sweep else None


def fail():
    raise StoppedError


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


def stopped_at(sweep, model, X, **fit):
    """`model`, fitted until it was stopped; whether it was."""
    try:
        model.set_callbacks(At(sweep, fail)).fit(X, **fit)
    except StoppedError:
        return True
    finally:
        model.set_callbacks()
    return False

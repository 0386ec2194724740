"""The loop: sweep, tell, maximise, in this order, until stopping says so."""

from types import SimpleNamespace

from softmix.fit.acceleration import Plain
from softmix.fit.em import em
from softmix.fit.stopping import Stopping


def test_the_loop_climbs_until_told():
    """A model that halves its distance to 1: parameters and statistics are plain numbers."""
    stopping = Stopping(tol=1e-6, max_iter=100)
    answer = em(
        sweep=lambda p: SimpleNamespace(log_likelihood=-10 * (p - 1) ** 2, total_weight=10.0, p=p),
        maximise=lambda statistics: (statistics.p + 1) / 2,
        parameters=0.0,
        stopping=stopping,
        acceleration=Plain(0.0),
    )
    assert stopping.converged
    assert stopping.trace[:2] == [-1.0, -0.25]  # per row, of the parameters before each M-step
    assert answer == 1 - 0.5**stopping.n_iter

"""The EM loop: sweep, then maximise, until stopping says so."""

from collections.abc import Callable

from softmix.fit.acceleration import Plain
from softmix.fit.stopping import Stopping
from softmix.parameters import GaussianParameters
from softmix.statistics import GaussianStatistics


def em(
    sweep: Callable[[GaussianParameters], GaussianStatistics],
    maximise: Callable[[GaussianStatistics], GaussianParameters],
    parameters: GaussianParameters,
    stopping: Stopping,
    acceleration: Plain,
    log_prior: Callable[[GaussianParameters], float] = lambda _: 0.0,
) -> GaussianParameters:
    """Climb from `parameters`. Dempster, Laird & Rubin (1977)."""
    for _ in stopping:
        statistics = sweep(parameters)  # hides where the rows are and who adds
        height = statistics.log_likelihood + log_prior(parameters)
        if acceleration.fell(height):
            stopping.wasted()
            parameters = acceleration.safe
        elif stopping.fell(height / statistics.total_weight):
            acceleration.take_back()
        else:
            stopping.saw(height / statistics.total_weight)
            parameters = acceleration.after(parameters, maximise(statistics))  # hides the structure
    return acceleration.safe

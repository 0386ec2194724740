"""The EM loop: sweep, then maximise, until stopping says so."""

from collections.abc import Callable

from softmix.fit.stopping import Stopping
from softmix.parameters import GaussianParameters
from softmix.statistics import GaussianStatistics


def em(
    sweep: Callable[[GaussianParameters], GaussianStatistics],
    maximise: Callable[[GaussianStatistics], GaussianParameters],
    parameters: GaussianParameters,
    stopping: Stopping,
    log_prior: Callable[[GaussianParameters], float] = lambda _: 0.0,
) -> GaussianParameters:
    """Climb from `parameters`. Dempster, Laird & Rubin (1977)."""
    for _ in stopping:
        statistics = sweep(parameters)  # hides where the rows are and who adds
        stopping.saw((statistics.log_likelihood + log_prior(parameters)) / statistics.total_weight)
        parameters = maximise(statistics)  # hides the covariance structure
    return parameters

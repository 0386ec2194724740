"""What a picture takes from a fitted estimator: the mixture, labels, memberships."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

_NEEDED = ("weights_", "means_", "covariances_", "covariance_type")


def mixture_of(estimator: Any) -> Any:
    """The fitted mixture: `estimator` itself, or the best of a search.

    Raises
    ------
    NotFittedError
    TypeError
        If it is no mixture.
    """
    check_is_fitted(estimator)
    mixture = getattr(estimator, "best_estimator_", estimator)
    missing = [name for name in _NEEDED if not hasattr(mixture, name)]
    if not missing:
        return mixture
    hint = " Pass its last step, and X as the steps before transform it." if hasattr(mixture, "steps") else ""
    raise TypeError(
        f"The 'estimator' parameter must be a fitted GaussianMixture or a search for one. Got "
        f"{type(mixture).__name__}, which has no {missing[0]}.{hint}"
    )


def classified(resp: np.ndarray, n_components: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and uncertainties: 1 − the largest membership.

    A column beyond the components' is the noise, whose label is −1.
    """
    labels = resp.argmax(axis=1)
    labels[labels >= n_components] = -1
    return labels, 1.0 - resp.max(axis=1)

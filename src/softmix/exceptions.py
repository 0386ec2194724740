"""The warnings and errors that softmix adds to scikit-learn's."""

from sklearn.exceptions import ConvergenceWarning


class TableError(ValueError):
    """Rows cannot be read, or are not what is asked of them; the message names file and column."""


class DegenerateComponentWarning(UserWarning):
    """A component collapsed and was held at the covariance floor, is empty, or is on too few rows.

    The message names the component, its effective number of rows and the columns
    in which it has (almost) no spread, or in which its rows do not say how wide it is.
    """


class FitInterruptedWarning(ConvergenceWarning):
    """A fit was interrupted by Ctrl-C, and kept the best parameters that it had until then."""


class CheckpointError(ValueError):
    """A checkpoint is damaged, or of another fit; the message says what differs."""


class SearchInterruptedWarning(UserWarning):
    """A search over models was interrupted, and chose among those fitted until then."""


class IllDefinedCovarianceError(ValueError):
    """A covariance is singular and the user has forbidden the floor (``reg_covar=0``).

    Parameters
    ----------
    columns : dict of int to list of int
        For each singular component, the columns in which it has no spread.
    """

    def __init__(self, columns: dict[int, list[int]]) -> None:
        self.columns = columns
        found = "; ".join(f"component {k} in columns {', '.join(map(str, c))}" for k, c in columns.items())
        super().__init__(
            "Fitting the mixture model failed because some components have "
            "ill-defined empirical covariance (for instance caused by "
            "singleton or collapsed samples). Try to decrease the number "
            "of components, increase reg_covar, or scale the input data. "
            f"No spread: {found}. reg_covar=0 forbids the floor that would hold them."
        )

"""The warnings and errors that softmix adds to scikit-learn's."""


class DegenerateComponentWarning(UserWarning):
    """A component collapsed and was held at the covariance floor, or is empty.

    The message names the component, its effective number of rows and the columns
    in which it has (almost) no spread.
    """


class IllDefinedCovarianceError(ValueError):
    """A covariance is singular and the user has forbidden the floor (``reg_covar=0``)."""

    def __init__(self, components: list[int]) -> None:
        self.components = components
        super().__init__(
            "Fitting the mixture model failed because some components have "
            "ill-defined empirical covariance (for instance caused by "
            "singleton or collapsed samples). Try to decrease the number "
            "of components, increase reg_covar, or scale the input data. "
            f"Components: {', '.join(map(str, components))}; reg_covar=0 forbids the floor "
            "that would hold them."
        )

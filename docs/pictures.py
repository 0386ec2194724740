"""Draw the pictures of the documents: python docs/pictures.py [FOLDER]; the folder is docs/images."""

import sys
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from sklearn.datasets import load_iris

from softmix import GaussianMixture, MixtureSearch
from softmix.data import faithful_path
from softmix.plots import (
    ClassificationDisplay,
    CriterionDisplay,
    DensityDisplay,
    MembershipDisplay,
    UncertaintyDisplay,
)

FOUR = (MembershipDisplay, ClassificationDisplay, UncertaintyDisplay, DensityDisplay)


def faithful() -> Figure:
    """The picture of README.md, which `softmix fit --plot` draws too."""
    X = pd.read_csv(faithful_path())
    figure = Figure(figsize=(7.0, 5.2), layout="constrained")
    gm = GaussianMixture(2, random_state=0).fit(X)
    MembershipDisplay.from_estimator(gm, X, ax=figure.add_subplot())
    return figure


def four_kinds() -> Figure:
    """One mixture of iris, drawn in four ways."""
    X = load_iris(as_frame=True).data
    gm = GaussianMixture(3, random_state=0).fit(X)
    figure = Figure(figsize=(11.0, 7.6), layout="constrained")
    for display, part in zip(FOUR, figure.subfigures(2, 2).flat, strict=True):
        columns = ["sepal length (cm)", "petal length (cm)"]
        display.from_estimator(gm, X, columns=columns, ax=part.subplots())
    return figure


def criterion() -> Figure:
    """The search of all structures for iris."""
    search = MixtureSearch(range(1, 10), random_state=0).fit(load_iris().data)
    figure = Figure(figsize=(7.0, 5.2), layout="constrained")
    CriterionDisplay.from_estimator(search, ax=figure.add_subplot())
    return figure


def main(folder: Path) -> None:
    """Write each picture to `folder`."""
    mpl.use("agg")
    for draw in (faithful, four_kinds, criterion):
        path = folder / f"{draw.__name__}.png"
        draw().savefig(path, dpi=110)
        print(f"{path} written")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images")

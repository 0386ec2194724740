"""Figures that close behind each test, and the mixtures that several files draw."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from sklearn.datasets import load_iris

from softmix import GaussianMixture
from softmix.data import faithful_path

mpl.use("agg")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def data():
    return pd.read_csv(faithful_path())


@pytest.fixture(scope="session")
def fitted(data):
    return GaussianMixture(2, random_state=0).fit(data)


@pytest.fixture(scope="session")
def iris():
    return load_iris(as_frame=True).data


@pytest.fixture(scope="session")
def of_iris(iris):
    return GaussianMixture(3, random_state=0).fit(iris)


@pytest.fixture
def texts():
    """What a legend says."""

    def read(legend):
        return [text.get_text() for text in legend.get_texts()]

    return read


@pytest.fixture(scope="session")
def distances():
    """Mahalanobis distances of an ellipse's outline from a component, in data coordinates."""

    def measure(ax, ellipse, mean, covariance):
        z = ax.transData.inverted().transform(ellipse.get_verts()) - mean
        return np.sqrt(np.einsum("ni,ij,nj->n", z, np.linalg.inv(covariance), z))

    return measure

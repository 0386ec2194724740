"""A line a structure through what may be chosen, and what may not be shown as such."""

from dataclasses import replace

import numpy as np
import pytest

from softmix import GaussianMixture, MixtureSearch
from softmix.plots import CriterionDisplay
from softmix.selection import SearchRecord, Status


@pytest.fixture(scope="module")
def search(iris):
    return MixtureSearch(range(1, 5), covariance_type="all", random_state=0).fit(iris)


def records(values, status=Status.CONVERGED, covariance_type="full"):
    return [
        SearchRecord(covariance_type, "VVV", K, 5 * K, -1.0, value, value, value, -value, status=status)
        for K, value in enumerate(values, 1)
    ]


@pytest.mark.parametrize("criterion", ["bic", "icl", "aic"])
def test_lines_are_the_records(criterion, search):
    display = CriterionDisplay.from_estimator(search, criterion=criterion)
    assert len(display.lines_) == 14
    for name, line in display.lines_.items():
        own = [record for record in search.results_ if record.covariance_type == name]
        assert line.get_xdata().tolist() == [record.n_components for record in own]
        expected = [getattr(record, criterion) if record.is_sound else np.nan for record in own]
        assert np.array_equal(line.get_ydata(), expected, equal_nan=True)
    assert display.ax_.get_ylabel() == f"{criterion.upper()} (smaller is better)"
    looks = {(line.get_marker(), tuple(line.get_color())) for line in display.lines_.values()}
    assert len(looks) == 14


def test_the_best_is_the_chosen_one_and_is_said(search):
    display = CriterionDisplay.from_estimator(search)
    assert display.best_ is search.results_[search.best_index_]
    name, K = search.best_params_["covariance_type"], search.best_params_["n_components"]
    assert [text.get_text() for text in display.ax_.texts] == [f"best: {name}, {K} components"]
    low, high = display.ax_.get_ylim()
    assert low < search.best_score_ < high


def test_of_held_out_rows_larger_is_better(data, search):
    held_out = MixtureSearch((1, 2, 3), covariance_type=["full"], criterion="cv", random_state=0).fit(data)
    display = CriterionDisplay.from_estimator(held_out)
    assert display.ax_.get_ylabel() == "log-density of held-out rows (larger is better)"
    assert display.best_.cv == max(record.cv for record in held_out.results_)
    with pytest.raises(ValueError, match=r"No model has the criterion 'cv'\. Search with criterion='cv'"):
        CriterionDisplay.from_estimator(search, criterion="cv")


def test_degenerate_models_are_hollow_and_break_the_line(texts):
    sound = records([300.0, 200.0, 250.0, 260.0])
    broken = [*sound[:2], replace(sound[2], status=Status.DEGENERATE, bic=150.0), sound[3]]
    display = CriterionDisplay(records=broken, criterion="bic").plot()
    assert np.isnan(display.lines_["full"].get_ydata()[2])
    (hollow,) = display.degenerate_
    assert (hollow.get_xdata().tolist(), hollow.get_ydata().tolist()) == ([3], [150.0])
    assert hollow.get_markerfacecolor() == "none"
    assert display.best_.n_components == 2
    assert texts(display.legend_) == ["full", "degenerate"]


def test_models_without_a_fit_are_crosses(texts):
    sound = records([300.0, 200.0])
    failed = [
        replace(record, covariance_type="tied", model="EEE", bic=np.nan, status=Status.FAILED)
        for record in sound
    ]
    display = CriterionDisplay(records=[*sound, *failed], criterion="bic").plot()
    (crosses,) = display.missing_
    assert crosses.get_marker() == "x"
    assert np.round(crosses.get_xdata()).tolist() == [1, 2]
    assert len(set(crosses.get_ydata())) == 1
    assert texts(display.legend_) == ["full", "tied", "no fit"]


def test_with_noise_a_structure_has_a_line_of_its_own(texts):
    plain = records([300.0, 200.0, 250.0])
    noisy = [replace(record, bic=record.bic - 50, noise=True) for record in plain]
    display = CriterionDisplay(records=[*plain, *noisy], criterion="bic").plot()
    assert texts(display.legend_) == list(display.lines_) == ["full", "full + noise"]
    assert display.lines_["full + noise"].get_ydata().tolist() == [250.0, 150.0, 200.0]
    assert {line.get_linestyle() for line in display.lines_.values()} == {"-", "--"}
    assert [text.get_text() for text in display.ax_.texts] == ["best: full + noise, 2 components"]


def test_with_priors_a_structure_has_lines_that_can_be_told_apart(texts):
    plain = records([300.0, 200.0, 250.0])
    tried = [
        replace(record, noise=noise, prior=prior)
        for noise in (False, True)
        for prior in ("none", "default", "dof=9.0")
        for record in plain
    ]
    display = CriterionDisplay(records=tried, criterion="bic").plot()
    names = ["full", "full + prior", "full + prior(dof=9.0)"]
    names += ["full + noise", "full + noise + prior", "full + noise + prior(dof=9.0)"]
    assert texts(display.legend_) == list(display.lines_) == names
    # matplotlib has no public word for the dashes of a line.
    assert len({str(line._dash_pattern) for line in display.lines_.values()}) == 6  # noqa: SLF001


def test_where_all_are_degenerate_the_best_of_them_is_ringed():
    display = CriterionDisplay(records=records([3.0, 2.0, 4.0], Status.DEGENERATE), criterion="bic").plot()
    assert display.best_.n_components == 2
    low, high = display.ax_.get_ylim()
    assert (low < 2.0, high > 4.0) == (True, True)


def test_models_far_off_do_not_set_the_scale_and_are_counted():
    near = [r for name in ("EEE", "VVV", "EII") for r in records([30.0, 20.0, 25.0], covariance_type=name)]
    far = records([5000.0, 4000.0, 3000.0], covariance_type="VII")
    display = CriterionDisplay(records=[*near, *far], criterion="bic").plot()
    assert display.ax_.get_ylim()[1] < 5000
    n_beyond = sum(record.bic > display.ax_.get_ylim()[1] for record in [*near, *far])
    assert display.ax_.get_title(loc="left") == f"{n_beyond} of 12 models are beyond the scale"
    whole = CriterionDisplay(records=far, criterion="bic").plot()
    assert whole.ax_.get_ylim()[1] > 5000
    assert whole.ax_.get_title(loc="left") == ""


def test_what_is_no_search_or_criterion_is_refused(data, search):
    with pytest.raises(TypeError, match=r"draws a fitted MixtureSearch\. Got GaussianMixture"):
        CriterionDisplay.from_estimator(GaussianMixture(1).fit(data))
    with pytest.raises(ValueError, match=r"criterion must be one of bic, icl, aic, cv\. Got 'BIC'"):
        CriterionDisplay.from_estimator(search, criterion="BIC")

"""CriterionDisplay: a criterion against the number of components, a line for each covariance structure."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from softmix.plots.canvas import open_axes, require_matplotlib
from softmix.plots.colours import component_colours
from softmix.plots.points import MARKERS
from softmix.plots.style import FAINT, INK, legend, mark, quiet_axes, tell
from softmix.structures import STRUCTURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from softmix.selection import SearchRecord

_NAMES = {"bic": "BIC", "icl": "ICL", "aic": "AIC", "cv": "log-density of held-out rows"}
# A structure has its colour and marker in every picture, whichever others are there.
_MODELS = tuple(name for name in STRUCTURES if STRUCTURES[name].name == name)
# Lines of models without a prior, with the first, and with others.
_WITHOUT_NOISE = ("-", ":", (0, (1, 4)))
_WITH_NOISE = ("--", "-.", (0, (5, 2, 1, 2, 1, 2)))
# Of the distance between two K, the room for crosses of models that have no criterion.
_ROOM = 0.6
# With so many structures the axis reaches so many times as far from the best as half of the models.
_MANY, _AS_FAR = 4, 3.0
# Of its length, what it goes on at the worse end, and at the better one, for the words there.
_ABOVE, _BELOW = 0.05, 0.18


class CriterionDisplay:
    """Picture of a search: a criterion against the number of components.

    Make it with :meth:`from_estimator`. There is a line for each covariance structure, the chosen
    model is ringed, and the axis says which way is better. Degenerate models, which are not chosen,
    are hollow and break their line; models without a fit are crosses at the edge where it is worst.

    Parameters
    ----------
    records : sequence of SearchRecord
        As `MixtureSearch.results_` has them.
    criterion : {'bic', 'icl', 'aic', 'cv'}

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : dict
        Of each covariance type, and with noise or a prior of "VVV + noise" and the like, its Line2D,
        through the models that may be chosen; NaN where there is none.
    degenerate_ : list of matplotlib Line2D
        One a covariance type that has degenerate models.
    missing_ : list of matplotlib Line2D
        One a covariance type that has models without a fit.
    best_ : SearchRecord
        The one that is ringed.
    legend_ : matplotlib Legend

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from softmix import MixtureSearch
    >>> from softmix.plots import CriterionDisplay
    >>> search = MixtureSearch(range(1, 4), covariance_type=["VEV", "EEE"], random_state=0)
    >>> display = CriterionDisplay.from_estimator(search.fit(load_iris().data))
    >>> display.ax_.get_ylabel()
    'BIC (smaller is better)'
    """

    def __init__(self, *, records: "Sequence[SearchRecord]", criterion: str) -> None:
        self.records = records
        self.criterion = criterion

    @classmethod
    def from_estimator(cls, search: Any, *, criterion: str | None = None, ax: Any = None) -> Self:
        """Draw what became of the models of a search.

        Parameters
        ----------
        search : MixtureSearch
            Fitted.
        criterion : {'bic', 'icl', 'aic', 'cv'}, default=None
            None is the one that decided. 'cv' is there only where it did.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : CriterionDisplay
        """
        require_matplotlib()
        check_is_fitted(search)
        if not hasattr(search, "results_"):
            raise TypeError(f"CriterionDisplay draws a fitted MixtureSearch. Got {type(search).__name__}.")
        return cls(records=search.results_, criterion=criterion or search.criterion).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw on `ax`, or on a new figure.

        Returns
        -------
        self : CriterionDisplay

        Raises
        ------
        ValueError
            If the criterion is unknown, or no record has it.
        """
        from softmix.selection.record import LARGER_IS_BETTER, ranked  # noqa: PLC0415 (slow to import)

        if self.criterion not in LARGER_IS_BETTER:
            raise ValueError(
                f"criterion must be one of {', '.join(LARGER_IS_BETTER)}. Got {self.criterion!r}."
            )
        order = ranked(self.records, self.criterion)
        if not order:
            raise ValueError(
                f"No model has the criterion {self.criterion!r}. Search with criterion={self.criterion!r}."
            )
        ax = open_axes(ax)
        self.ax_, self.figure_ = ax, ax.figure
        self.best_ = self.records[order[0]]
        self.lines_: dict[str, Any] = {}
        self.degenerate_: list[Any] = []
        self.missing_: list[Any] = []
        larger = LARGER_IS_BETTER[self.criterion]
        quiet_axes(ax)
        names = list(dict.fromkeys(record.name for record in self.records))
        priors = [prior for prior in dict.fromkeys(r.prior for r in self.records) if prior != "none"]
        self._prior_place = {prior: 1 + number for number, prior in enumerate(priors)}
        for place, name in enumerate(names):
            self._draw_line(
                name, (place - (len(names) - 1) / 2) * _ROOM / len(names), 0.02 if larger else 0.98
            )
        self._name_axes(larger=larger)
        self._fit_limits(larger=larger)
        self._ring_best(larger=larger)
        self.legend_ = legend(ax, self._marks(), "covariances")
        return self

    def _draw_line(self, name: str, aside: float, edge: float) -> None:
        own = sorted((r for r in self.records if r.name == name), key=lambda r: r.n_components)
        style, dashes = _style(own[0].model), self._dashes(own[0])
        value = {r.n_components: getattr(r, self.criterion) for r in own}
        sizes = [r.n_components for r in own]
        sound = [value[r.n_components] if r.is_sound else np.nan for r in own]
        self.lines_[name] = self.ax_.plot(
            sizes, sound, linestyle=dashes, linewidth=1.2, markersize=5, label=name, zorder=3, **style
        )[0]
        hollow = [r.n_components for r in own if not r.is_sound and np.isfinite(value[r.n_components])]
        if hollow:
            at = [value[K] for K in hollow]
            self.degenerate_ += self.ax_.plot(
                hollow, at, linestyle="", markersize=5, markerfacecolor="none", zorder=2, **style
            )
        if crossed := [K for K in sizes if not np.isfinite(value[K])]:
            self.missing_ += self.ax_.plot(
                [K + aside for K in crossed], [edge] * len(crossed), linestyle="", marker="x", markersize=4,
                color=style["color"], transform=self.ax_.get_xaxis_transform(), clip_on=False,
            )  # fmt: skip

    def _dashes(self, record: "SearchRecord") -> Any:
        patterns = _WITH_NOISE if record.noise else _WITHOUT_NOISE
        return patterns[self._prior_place.get(record.prior, 0) % len(patterns)]

    def _fit_limits(self, *, larger: bool) -> None:
        """Room for the better models; of many structures the worst may be many times as far off.

        The axis goes from the best model to a few times as far as half of those are that may be
        chosen, and at least as far as three quarters; and a little further at either end.
        """
        sign = -1.0 if larger else 1.0
        values = sign * np.array([getattr(record, self.criterion) for record in self.records])
        best = sign * getattr(self.best_, self.criterion)
        sound = values[np.isfinite(values) & [record.is_sound for record in self.records]]
        sound = sound if len(sound) else values[np.isfinite(values)]
        far = float(sound.max())
        if len(self.lines_) >= _MANY:
            half, most = np.quantile(sound, [0.5, 0.75])
            far = min(far, max(float(most), best + _AS_FAR * (float(half) - best)))
        span = (far - best) or abs(best) or 1.0
        low, high = best - _BELOW * span, far + _ABOVE * span
        self.ax_.set_ylim(*sorted([sign * low, sign * high]))
        beyond = int(((values < low) | (values > high)).sum())
        if beyond:
            tell(self.ax_, f"{beyond} of {len(values)} models are beyond the scale")

    def _ring_best(self, *, larger: bool) -> None:
        K, value = self.best_.n_components, getattr(self.best_, self.criterion)
        self.ax_.plot(
            [K], [value], marker="o", markersize=13, markerfacecolor="none", markeredgecolor=INK, zorder=4
        )
        plural = "s" if K > 1 else ""
        low, high = self.ax_.get_xlim()
        third = int(3 * (K - low) / (high - low))
        self.ax_.annotate(
            f"best: {self.best_.name}, {K} component{plural}", (K, value),
            ((-8, 0, 8)[third], 10 if larger else -10), textcoords="offset points",
            ha=("left", "center", "right")[third], va="bottom" if larger else "top",
            fontsize="small", color=INK, zorder=5,
        )  # fmt: skip

    def _name_axes(self, *, larger: bool) -> None:
        sizes = sorted({record.n_components for record in self.records})
        self.ax_.set_xticks(sizes)
        self.ax_.set_xlim(sizes[0] - 0.5, sizes[-1] + 0.5)
        self.ax_.set_xlabel("number of components", color=INK)
        way = "larger" if larger else "smaller"
        self.ax_.set_ylabel(f"{_NAMES[self.criterion]} ({way} is better)", color=INK)

    def _marks(self) -> list[Any]:
        marks = list(self.lines_.values())
        if self.degenerate_:
            marks.append(
                mark("degenerate", marker="o", markersize=5, markerfacecolor="none", markeredgecolor=FAINT)
            )
        if self.missing_:
            marks.append(mark("no fit", marker="x", markersize=4, color=FAINT))
        return marks


def _style(model: str) -> dict[str, Any]:
    place = _MODELS.index(model)
    return {"color": component_colours(len(_MODELS))[place], "marker": MARKERS[place % len(MARKERS)]}

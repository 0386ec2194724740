"""Pictures that commands write: which columns they show, and the file that they make."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from softmix.blocks.scan import Scan
from softmix.cli.errors import UserError
from softmix.cli.inputs import split_names
from softmix.estimators.gaussian_mixture import GaussianMixture
from softmix.selection import MixtureSearch

_SIZE, _DPI = (7.0, 5.2), 160
_LISTED = 20


def check_matplotlib() -> None:
    """Raise an ImportError now, before the work, where there is no matplotlib."""
    import matplotlib as mpl  # noqa: F401, PLC0415


def picture_columns(kind: str, values: Sequence[str], option: str, rows: Scan) -> list[int]:
    """Positions of the columns that a picture of `kind` shows.

    Raises
    ------
    UserError
        If they are too many, or not the model's.
    """
    from softmix.plots.pairs_display import MOST_COLUMNS  # noqa: PLC0415

    names, known = split_names(values, option), rows.column_names
    most = MOST_COLUMNS if kind == "pairs" else 2
    several = f"up to {most}" if kind == "pairs" else "one or two"
    if len(names) > most or any(name not in known for name in names):
        raise UserError(f"{option} takes {several} of the columns that are fitted: {_listed(known)}.")
    if kind == "pairs" and not names and len(known) > most:
        raise UserError(
            f"A picture of pairs shows at most {most} columns, and there are {len(known)}. "
            f"Name some with {option}: {_listed(known)}."
        )
    return [known.index(name) for name in names or known[:most]]


def save_rows(
    kind: str, model: GaussianMixture, rows: Scan, columns: Sequence[int], scratch: Path, target: str
) -> None:
    """Write a picture of `kind`, of `rows` under `model`, in the format that `target` names."""
    from softmix import plots  # noqa: PLC0415
    from softmix.plots.pairs_display import figure_size  # noqa: PLC0415

    displays: dict[str, Any] = {
        "memberships": plots.MembershipDisplay,
        "classification": plots.ClassificationDisplay,
        "uncertainty": plots.UncertaintyDisplay,
        "density": plots.DensityDisplay,
        "pairs": plots.PairsDisplay,
    }
    figure = _figure(figure_size(len(columns)) if kind == "pairs" else _SIZE)
    displays[kind].from_estimator(model, rows, columns=columns, ax=figure.add_subplot())
    _save(figure, scratch, target)


def save_criterion(search: MixtureSearch, scratch: Path, target: str) -> None:
    """Write the picture of the criterion that decided, in the format that `target` names."""
    from softmix.plots import CriterionDisplay  # noqa: PLC0415

    figure = _figure(_SIZE)
    CriterionDisplay.from_estimator(search, ax=figure.add_subplot())
    _save(figure, scratch, target)


def _figure(size: tuple[float, float]) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    # A figure of its own, not pyplot's: no window and no global state, wherever this runs.
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Any, scratch: Path, target: str) -> None:
    figure.savefig(scratch, format=Path(target).suffix[1:].lower(), dpi=_DPI)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")

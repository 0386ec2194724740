"""What `softmix fit` found, as a dictionary for machines and as text for people."""

import shlex
import shutil
from typing import Any

from softmix.blocks.scan import Scan
from softmix.cli.components_table import components_table
from softmix.cli.layout import facts
from softmix.cli.voice import Voice
from softmix.estimators.fitted import has_noise
from softmix.estimators.gaussian_mixture import GaussianMixture
from softmix.plots.marginals import standard_deviations

_CRITERIA = "smaller is better"


def summarise(model: GaussianMixture, rows: Scan, seconds: float) -> dict[str, Any]:
    """The fit in numbers; everything in it is what JSON can write."""
    total_weight = rows.source.total_weight
    return {
        "rows": rows.source.n_rows,
        "total_weight": total_weight,
        "columns": list(rows.column_names),
        "components": len(model.weights_),
        "covariance": model.covariance_type,
        "weights": model.weights_.tolist(),
        "effective_rows": (model.weights_ * total_weight).tolist(),
        "noise": noise_of(model),
        "means": model.means_.tolist(),
        "standard_deviations": standard_deviations(model).tolist(),
        "log_likelihood": model.lower_bound_ * total_weight,
        "log_likelihood_per_row": model.lower_bound_,
        "bic": model.bic(rows),
        "aic": model.aic(rows),
        "icl": model.icl(rows),
        "criteria": _CRITERIA,
        "sweeps": model.n_iter_,
        "converged": model.converged_,
        "seconds": seconds,
    }


def noise_of(model: GaussianMixture) -> dict[str, float] | None:
    """Weight and log-density of the noise, for JSON; None of a model without."""
    if not has_noise(model):
        return None
    return {"weight": float(model.noise_weight_), "log_density": float(model.noise_log_density_)}


def show_fit(voice: Voice, data: str, model: GaussianMixture, summary: dict[str, Any]) -> None:
    """The fit as a person reads it."""
    width = shutil.get_terminal_size().columns
    table, notes = components_table(model, summary["columns"], width, summary["total_weight"])
    n_columns, n_components = len(summary["columns"]), summary["components"]
    voice.show(
        f"{data}: {summary['rows']:,} rows, {n_columns} column{'s' if n_columns > 1 else ''}; "
        f"{n_components} component{'s' if n_components > 1 else ''}, {summary['covariance']} covariance"
        f"{' and noise' if summary['noise'] else ''}\n"
    )
    voice.show(table, *notes, "", facts(_facts(summary)))


def show_files(voice: Voice, data: str, files: dict[str, str | None]) -> None:
    """Where the files are, and what to do next."""
    written = [(name, path) for name, path in files.items() if path is not None]
    if written:
        voice.show("", facts([(f"{name} written to", path) for name, path in written]))
    voice.show("", _next_step(data, files))


def _facts(summary: dict[str, Any]) -> list[tuple[str, str]]:
    outcome = "converged" if summary["converged"] else "not converged"
    return [
        (
            "log-likelihood",
            f"{summary['log_likelihood']:,.2f} ({summary['log_likelihood_per_row']:.4f} per row)",
        ),
        *((name.upper(), f"{summary[name]:,.2f} ({_CRITERIA})") for name in ("bic", "aic", "icl")),
        ("sweeps", f"{summary['sweeps']}, {outcome}, in {summary['seconds']:.2f} s"),
    ]


def _next_step(data: str, files: dict[str, str | None]) -> str:
    model = files["model"]
    if model is None:
        return "The model was not kept: add -o model.softmix to keep it."
    return f"Next: softmix predict {shlex.quote(model)} {data} -o clusters.csv"

"""`softmix info`: what is in a model file."""

import shutil
from pathlib import Path
from typing import Any

from softmix.cli.fit_report import noise_of
from softmix.cli.voice import Voice
from softmix.estimators.gaussian_mixture import GaussianMixture
from softmix.plots.marginals import standard_deviations
from softmix.store.model_file import read

_OPTIONS = ("init_params", "n_init", "random_state", "tol", "max_iter", "reg_covar")


def run(path: str, *, json: bool, quiet: bool) -> None:
    """Show the model in `path`."""
    voice = Voice(json, quiet)
    model, header = read(path)
    voice.answer(_described(path, model, header))
    if voice.speaks:
        _show(voice, path, model, header)


def _described(path: str, model: GaussianMixture, header: dict[str, Any]) -> dict[str, Any]:
    return {
        "model": path,
        "format_version": header["format_version"],
        "softmix_version": header["softmix_version"],
        "components": len(model.weights_),
        "covariance": model.covariance_type,
        "columns": _names(model),
        "dtype": str(model.means_.dtype),
        "sweeps": model.n_iter_,
        "converged": model.converged_,
        "log_likelihood_per_row": getattr(model, "lower_bound_", None),
        "trace": getattr(model, "lower_bounds_", None),
        "params": header["model"]["params"],
        "weights": model.weights_.tolist(),
        "noise": noise_of(model),
        "means": model.means_.tolist(),
        "standard_deviations": standard_deviations(model).tolist(),
        "covariances": model.covariances_.tolist(),
    }


def _names(model: GaussianMixture) -> list[str]:
    named = getattr(model, "feature_names_in_", None)
    return [f"column {j}" for j in range(model.n_features_in_)] if named is None else list(named)


def _show(voice: Voice, path: str, model: GaussianMixture, header: dict[str, Any]) -> None:
    from softmix.cli.components_table import components_table  # noqa: PLC0415
    from softmix.cli.layout import facts  # noqa: PLC0415

    names = _names(model)
    width = shutil.get_terminal_size().columns
    table, notes = components_table(model, names, width)
    voice.show(facts(_facts(path, model, header, names)), "", table, *notes)


def _facts(
    path: str, model: GaussianMixture, header: dict[str, Any], names: list[str]
) -> list[tuple[str, str]]:
    K, bound = len(model.weights_), getattr(model, "lower_bound_", None)
    noise = " and noise" if noise_of(model) else ""
    covariance = f"{model.covariance_type} covariance, {model.means_.dtype}"
    params = header["model"]["params"]
    options = [f"{name}={params[name]}" for name in _OPTIONS if params.get(name) is not None]
    outcome = "converged" if model.converged_ else "not converged"
    return [
        ("model", f"{path} ({Path(path).stat().st_size:,} bytes)"),
        ("made by", f"softmix {header['softmix_version']}, format {header['format_version']}"),
        (
            "mixture",
            f"{K} component{'s' if K > 1 else ''}{noise}, {covariance}",
        ),
        ("columns", _abridged(names)),
        ("fit", f"{model.n_iter_} sweeps, {outcome}"),
        ("log-likelihood", "not known" if bound is None else f"{bound:.4f} per row"),
        ("options", ", ".join(options)),
    ]


def _abridged(names: list[str], limit: int = 12) -> str:
    shown = ", ".join(names[:limit])
    return shown + (f" and {len(names) - limit} more" if len(names) > limit else "")

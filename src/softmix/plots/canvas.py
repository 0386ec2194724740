"""Where pictures are drawn. matplotlib is imported here first, so that its absence is told once, well."""

from typing import Any

from softmix.blocks.extra import import_with


def require_matplotlib() -> None:
    """Raise an ImportError that names the extra `plots` where matplotlib is not installed."""
    import_with("plots", "matplotlib")


def open_axes(ax: Any) -> Any:
    """`ax`, or the axes of a new figure."""
    require_matplotlib()
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt  # noqa: PLC0415

    return plt.subplots(layout="constrained")[1]

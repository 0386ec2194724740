"""Colours of components, and of rows that belong to several.

Up to 14 components take colours that colour-blind readers can tell apart: seven of Okabe & Ito
(2008), with yellow darkened for white paper, and seven more, each the farthest in OKLab from those
before it and from the grey of noise, as the worst of normal sight and full protanopia,
deuteranopia and tritanopia (Machado, Oliveira & Fernandes 2009) sees it. More come from a map whose
lightness rises steadily. Rows are blended in OKLab (Ottosson 2020), where half-way looks half-way.
"""

import numpy as np

_DISTINCT = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5C00"),
    *("#1800CE", "#6D0086", "#9E49FF", "#AA3179", "#B6C292", "#554918", "#8686E7"),
)
NOISE = "#A8A8A8"

_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_CONES, _FROM_LAB = np.linalg.inv(_TO_CONES), np.linalg.inv(_TO_LAB)


def component_colours(n_components: int) -> np.ndarray:
    """One colour a component, RGB in [0, 1], shape (n_components, 3)."""
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.colors import to_rgb  # noqa: PLC0415

    if n_components <= len(_DISTINCT):
        return np.array([to_rgb(colour) for colour in _DISTINCT[:n_components]]).reshape(-1, 3)
    # The last tenth of the map is too bright for white paper.
    return np.asarray(mpl.colormaps["viridis"](np.linspace(0.0, 0.9, n_components)))[:, :3]


def noise_colour() -> np.ndarray:
    """The neutral grey of rows that are in no component, RGB in [0, 1]."""
    from matplotlib.colors import to_rgb  # noqa: PLC0415

    return np.array(to_rgb(NOISE))


def blend(resp: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """The colour of each row: its components' colours, mixed by membership; shape (n, 3)."""
    return from_oklab(resp @ to_oklab(colours))


def to_oklab(rgb: np.ndarray) -> np.ndarray:
    """sRGB in [0, 1], shape (..., 3), in OKLab."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T


def from_oklab(lab: np.ndarray) -> np.ndarray:
    """OKLab, shape (..., 3), in sRGB; what is not within it is clipped."""
    linear = np.clip((lab @ _FROM_LAB.T) ** 3 @ _FROM_CONES.T, 0.0, 1.0)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)

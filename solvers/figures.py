"""What all figures share: a palette that colour-blind readers can tell apart, readable sizes, the field's symbols, saving.

Figures are `matplotlib.figure.Figure` objects, so no global state of pyplot is touched and nothing needs a display.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from solvers.files import output_file, replacing
from theory.errors import ParameterError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito, ordered so that neighbours differ in lightness too; yellow is too pale for lines.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", ":", "-.", (0, (6, 1, 1, 1, 1, 1)))
ENDINGS = (".png", ".svg", ".pdf")

SYMBOLS = {
    "P": "P", "N": "N", "D": "D", "M": "M", "ridge": r"\lambda", "noise": r"\sigma^2", "kappa": r"\kappa", "gamma": r"\gamma",
    "E_g": "E_g", "E_train": r"E_\mathrm{train}", "variance": "V", "mode_errors": "E_k", "eigenvalues": r"\eta",
    "target_power": "a^2", "target_mode_contributions": r"E_g^{(k)}", "beta": r"\beta", "temperature": "T", "k": "k",
}  # fmt: skip
MEANINGS = {
    "P": "number of samples", "N": "width", "D": "input dimension", "M": "number of modes", "ridge": "ridge",
    "noise": "noise variance", "kappa": "effective ridge", "E_g": "generalisation error", "E_train": "training error",
    "variance": "variance of the predictor", "mode_errors": "error in mode $k$,", "gamma": "share that fits noise",
    "target_mode_contributions": "contribution of target mode $k$,",
}  # fmt: skip

_STYLE: dict[Any, Any] = {
    "font.size": 9, "axes.labelsize": 10, "axes.titlesize": 10, "legend.fontsize": 8, "xtick.labelsize": 8,
    "ytick.labelsize": 8, "axes.linewidth": 0.7, "lines.linewidth": 1.5, "mathtext.fontset": "cm",
    "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False, "legend.title_fontsize": 8,
    "axes.prop_cycle": f"cycler('color', {list(PALETTE)})", "svg.hashsalt": "quenched",
}  # fmt: skip


def style() -> AbstractContextManager[None]:
    """The context in which text and ticks take the sizes of the house."""
    import matplotlib

    return matplotlib.rc_context(_STYLE)


def new_figure(panels: int = 1, width: float = 3.6, height: float = 3.0) -> tuple[Figure, list[Axes]]:
    """A figure of panels side by side, each of the given size in inches; returns it and its axes."""
    from matplotlib.figure import Figure

    with style():
        figure = Figure(figsize=(panels * width, height), layout="constrained", dpi=200)
        axes = figure.subplots(1, panels, squeeze=False)
    return figure, list(axes.flat)


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a .png, .svg or .pdf, whole or not at all; ParameterError where it cannot be written."""
    path = output_file(path, *ENDINGS)
    unstamped = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[path.suffix[1:]]
    with replacing(path) as beside, style():
        figure.savefig(beside, format=path.suffix[1:], metadata=unstamped)


def axis_label(name: str) -> str:
    """Meaning and symbol of a parameter or observable, as an axis shows them."""
    return f"{MEANINGS[name]} ${SYMBOLS[name]}$" if name in MEANINGS else f"${symbol(name)}$"


def symbol(name: str) -> str:
    """The symbol of the field for a name, in mathtext; a name without one is set upright."""
    return SYMBOLS.get(name, r"\mathrm{" + name.replace("_", r"\ ") + "}")


def tex_number(value: float) -> str:
    """A number in mathtext with three digits, powers of ten as such.

    >>> [tex_number(v) for v in (0.1, 1e-6, 2.5e12, 300)]
    ['0.1', '10^{-6}', '2.5\\\\times 10^{12}', '300']
    """
    if value == 0 or not math.isfinite(value) or 1e-2 <= abs(value) < 1e4:
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.4g}"
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else f"{mantissa}\\times {power}"


def colours(count: int) -> list:
    """As many colours as asked for: the palette's, or a sequence of one lightness scale where it is too short."""
    if count < 1:
        raise ParameterError(f"{count} colours asked for; ask for at least one")
    if count <= len(PALETTE):
        return list(PALETTE[:count])
    import matplotlib

    return list(matplotlib.colormaps["viridis"](np.linspace(0, 0.92, count)))

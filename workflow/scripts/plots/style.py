"""The one style of all figures: drawn at the size in which they are read, in the paper's font."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, count
from math import log10
from pathlib import Path

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from common.files import replace_atomically
from plots import widths

#: Comes with matplotlib, so that figures and paper have it on every machine.
FONT = "STIXGeneral"

#: File formats and the metadata without which two runs give two different files.
FORMATS = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}

#: Okabe and Ito's palette, in an order in which neighbours differ in grey print, too. Colour-blind
#: readers tell all of them apart.
COLORS = ("#0072B2", "#D55E00", "#000000", "#E69F00", "#009E73", "#CC79A7", "#56B4E9")
_CANVASES = {"png": FigureCanvasAgg, "svg": FigureCanvasSVG, "pdf": FigureCanvasPdf}
#: The last three: dots far apart, a long dash, and a dash with two dots.
DASHES = ("-", "--", ":", "-.", (0, (1, 4)), (0, (9, 2)), (0, (7, 1, 1, 1, 1, 1)))
_MARKERS = dict(zip(DASHES, "osD^vPX", strict=True))

#: The orders of the examples, the same in every figure.
SHUFFLE_COLORS = dict(zip(("false", "true", "once"), COLORS, strict=False))

#: The decades of lambda that the palette spans; beyond, its ends. It is fixed, so that another
#: lambda in the config changes the colour of none.
_DECADES = (-4.0, 1.0)

_STYLE = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.labelsize": 8.5,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.unicode_minus": True,
    "figure.dpi": 300,
    "font.family": [FONT],
    "font.size": 8.5,
    "grid.alpha": 0.3,
    "grid.linewidth": 0.5,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "lines.linewidth": 1.1,
    "lines.markersize": 4,
    "mathtext.fontset": "stix",
    "pdf.fonttype": 42,  # TrueType: text that can be searched and edited
    "svg.fonttype": "none",  # text and not outlines
    "svg.hashsalt": "reproduce-report",
    "xtick.labelsize": 8,
    "xtick.major.width": 0.6,
    "ytick.labelsize": 8,
    "ytick.major.width": 0.6,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the style, whatever a matplotlibrc of the user says."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


def new_figure(height: float, width: float = widths.FIGURE) -> Figure:
    """An empty figure of a size in inches, without a title: that is the caption's."""
    figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(h_pad=0.04, w_pad=0.04))
    FigureCanvasAgg(figure)
    return figure


def series() -> Iterator[dict]:
    """Colour and dash of one series after the other, without end: all colours before a dash."""
    # Further dashes have ever more dots: hard to tell apart, but no two are the same.
    dotted = ((0, (7, 1) + (1, 1) * dots) for dots in count(3))
    for dash in chain(DASHES, dotted):
        for color in COLORS:
            yield {"color": color, "linestyle": dash}


def marker(dash: str | tuple) -> str | tuple:
    """The form of points in place of a dash, where no line joins them; a star for each dotted."""
    return _MARKERS.get(dash) or (len(dash[1]) // 2, 1, 0)


def lambda_color(l2_lambda: float) -> str:
    """The colour of a lambda: black is 0, and from dark to light it grows by decades."""
    if l2_lambda <= 0:
        return "#000000"
    low, high = _DECADES
    share = min(max((log10(l2_lambda) - low) / (high - low), 0.0), 1.0)
    # The lightest fifth of the map is too light on white.
    return to_hex(mpl.colormaps["viridis"](0.1 + 0.75 * share))


def save(figure: Figure, path: Path) -> None:
    """Write a figure in the format that the suffix names; the same figure gives the same bytes."""
    format_ = path.suffix.removeprefix(".")
    with style(), replace_atomically(path) as temporary:
        # `savefig` would draw everything twice, to find a layout that has been found.
        canvas = _CANVASES[format_](figure)
        getattr(canvas, f"print_{format_}")(temporary, metadata=FORMATS[format_])

"""The scorecard: a row for each statement, with all that its verdict rests on."""

import textwrap
from collections.abc import Callable, Sequence
from itertools import groupby

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.printed import in_print
from plots import widths
from plots.style import new_figure, style

#: Marker, fill and colour of a verdict; form and fill alone tell them apart.
_MARKS = {
    "reproduced": ("o", "full", "#0072B2"),
    "yes": ("o", "full", "#0072B2"),
    "not reproduced": ("X", "full", "#D55E00"),
    "no": ("X", "full", "#D55E00"),
    "depends on the reading": ("o", "left", "#000000"),
    "not decidable": ("o", "none", "#555555"),
    "not testable": ("_", "full", "#555555"),
    "not applicable": ("|", "full", "#555555"),
    "measured": ("D", "full", "#555555"),
}

#: Inches. A page of A4 has room for two columns that are read without a lens.
_COLUMN, _GAP = 3.67, 0.16
# From the left of a column: the mark, the words, the middle of the scale and its half width.
_MARK, _WORDS, _MIDDLE, _HALF = 0.05, 0.15, 2.93, 0.42
_LINE, _LANE, _HEADING, _PADDING, _KEY = 0.103, 0.055, 0.19, 0.025, 0.48
_CHARACTERS = 53
#: Points; what stands on paper is not smaller.
_SIZE, _HEADING_SIZE = 7.5, 8.0
_SHADE = "0.86"


def scorecard(ledger: dict, origin: str) -> Figure:
    """Draw the statements of the report, or our questions, in two columns by section.

    Each reading has a lane with a linear scale of its own. The bound of what is expected stands in
    the middle, and what is expected to the right; a region with two ends has its centre there. A
    lane is as wide as what is furthest from the middle, so distances compare within it only.

    Args:
        ledger: results/claims.json.
        origin: `statements` or `questions`.
    """
    entries = [entry for entry in ledger[origin] if entry["verdict"] != "definition"]
    columns = _columns(entries)
    height = _KEY + max(map(_height, columns)) + 0.03
    with style():
        figure = new_figure(height, widths.SCORECARD)
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, widths.SCORECARD), ylim=(height, 0))
        axes.set_axis_off()
        _key(axes, [entry["verdict"] for entry in entries], ledger)
        drawn: set[str] = set()
        for x, column in zip((0.0, _COLUMN + _GAP), columns, strict=True):
            y = _KEY
            for section, of_section in _sections(column):
                title = f"{section}  {ledger['sections'].get(section, '')}"
                _heading(axes, x, y, f"{title} (continued)" if section in drawn else title)
                drawn.add(section)
                y += _HEADING
                for entry in of_section:
                    _row(axes, x, y, entry)
                    y += _row_height(entry)
        return figure


def _columns(entries: list[dict]) -> tuple[list[dict], list[dict]]:
    """Two columns, the longer of which is as short as can be."""
    cuts = [(entries[:cut], entries[cut:]) for cut in range(len(entries) + 1)]
    return min(cuts, key=lambda columns: max(map(_height, columns)))


def _sections(entries: Sequence[dict]) -> list[tuple[str, list[dict]]]:
    grouped = groupby(entries, key=lambda entry: entry["section"])
    return [(section, list(of_section)) for section, of_section in grouped]


def _height(column: Sequence[dict]) -> float:
    return _HEADING * len(_sections(column)) + sum(map(_row_height, column))


def _lines(entry: dict) -> list[str]:
    words = in_print(entry["says"])
    return textwrap.wrap(words, _CHARACTERS - (5 if _weight(entry) == "bold" else 0))


def _weight(entry: dict) -> str:
    return "bold" if entry["verdict"] == "not reproduced" else "normal"


def _row_height(entry: dict) -> float:
    lanes = sum(_LANE if _has_scale(reading) else _LINE for reading in entry["readings"])
    return max(_LINE * len(_lines(entry)), lanes) + _PADDING


def _has_scale(reading: dict) -> bool:
    """Whether distances mean something: not for what is equal or not, or is just a number."""
    region = reading["region"]
    return bool(region) and region[0][0] != region[0][1] and reading["measured"] is not None


def _heading(axes: Axes, x: float, y: float, text: str) -> None:
    axes.text(x, y + _HEADING - 0.05, text, fontsize=_HEADING_SIZE, weight="bold")
    axes.plot([x, x + _COLUMN], [y + _HEADING - 0.02] * 2, color="0.6", linewidth=0.5)


def _row(axes: Axes, x: float, y: float, entry: dict) -> None:
    height = _row_height(entry)
    middle = y + height / 2
    lines = _lines(entry)
    _mark(axes, x + _MARK, middle, entry["verdict"], 4.4)
    for number, line in enumerate(lines):
        at = middle + _LINE * (number - (len(lines) - 1) / 2)
        _say(axes, x + _WORDS, at, line, weight=_weight(entry))
    lanes = [_LANE if _has_scale(reading) else _LINE for reading in entry["readings"]]
    top = middle - sum(lanes) / 2
    for number, reading in enumerate(entry["readings"]):
        at = top + sum(lanes[:number]) + lanes[number] / 2
        if _has_scale(reading):
            _lane(axes, x + _MIDDLE, at, reading)
        else:
            _say(axes, x + _MIDDLE, at, _without_scale(reading), ha="center", color="0.25")
    axes.plot([x + _WORDS, x + _COLUMN], [y + height] * 2, color="0.9", linewidth=0.4, zorder=0)
    shares = [one["robustness"] for one in entry["readings"] if one["robustness"]]
    if shares:
        least = min(share["agree"] for share in shares)
        weight = "bold" if any(share["fragile"] for share in shares) else "normal"
        _say(axes, x + _COLUMN, middle, f"{least:.0%}", weight=weight, ha="right")


def _without_scale(reading: dict) -> str:
    if reading["measured"] is None:
        return "no such result"
    if not reading["region"]:
        return f"{reading['measured']:.4g} ({reading['unit']})"
    off = reading["measured"] - reading["region"][0][0]
    return f"off by {abs(off):.4g}" if off else "exact"


def _lane(axes: Axes, middle: float, y: float, reading: dict) -> None:
    """One reading: its region, the seeds, the interval and the value, on a scale of its own."""
    place, ends = _scale(reading, middle)
    for end in ends:
        axes.fill_between(end, y - _LANE * 0.47, y + _LANE * 0.47, color=_SHADE, linewidth=0)
    axes.plot([middle] * 2, [y - _LANE * 0.5, y + _LANE * 0.5], color="0.45", linewidth=0.5)
    _, _, color = _MARKS[reading["verdict"]]
    values = reading["values"]
    if len(values) > 1:
        seeds = [place(value) for value in values]
        axes.plot(seeds, [y] * len(seeds), ".", color=color, alpha=0.4, markersize=1.7, mew=0)
    if reading["interval_low"] is not None:
        interval = [place(reading[end]) for end in ("interval_low", "interval_high")]
        axes.plot(interval, [y, y], "-", color=color, linewidth=0.9, solid_capstyle="butt")
    _mark(axes, place(reading["measured"]), y, reading["verdict"], 2.2)


def _scale(
    reading: dict, middle: float
) -> tuple[Callable[[float], float], list[tuple[float, float]]]:
    """From a lane's numbers to inches, and the ends of its region in inches."""
    region = [tuple(ends) for ends in reading["region"]]
    shown = [reading["measured"], *(reading["values"] if len(reading["values"]) > 1 else [])]
    shown += [reading[end] for end in ("interval_low", "interval_high") if reading[end] is not None]
    bounds = sorted({end for ends in region for end in ends if end is not None})
    centre = (bounds[0] + bounds[-1]) / 2
    sign = -1.0 if region == [(None, bounds[0])] else 1.0
    reach = max(abs(value - centre) for value in shown)
    if len(bounds) > 1:
        reach = max(reach, 1.5 * (bounds[-1] - centre))
    elif reading["interval_low"] is None:
        # Without an interval the way from 0 to the bound is what a distance compares with.
        reach = max(reach, abs(centre))
    reach = reach or 1.0

    def place(value: float) -> float:
        return middle + sign * _HALF * 0.95 * (value - centre) / reach

    edge = reach / 0.95
    ends = [
        (
            place(centre - edge if low is None else low),
            place(centre + edge if high is None else high),
        )
        for low, high in region
    ]
    return place, ends


def _say(axes: Axes, x: float, y: float, text: str, **looks: object) -> None:
    axes.text(x, y, text, **{"fontsize": _SIZE, "va": "center", **looks})


def _mark(axes: Axes, x: float, y: float, verdict: str, size: float) -> None:
    marker, fill, color = _MARKS[verdict]
    axes.plot(
        [x], [y], marker=marker, fillstyle=fill, color=color, markersize=size,
        markerfacecoloralt="white", markeredgewidth=0.25 * size**0.5 if marker != "_" else 1.0,
        linestyle="", clip_on=False, zorder=4,
    )  # fmt: skip


def _key(axes: Axes, verdicts: Sequence[str], ledger: dict) -> None:
    """What the marks mean, with how many there are of each; what stands in a lane."""
    x = _MARK
    for verdict in [verdict for verdict in _MARKS if verdict in verdicts]:
        text = f"{verdicts.count(verdict)} {verdict}"
        _mark(axes, x, 0.08, verdict, 5)
        _say(axes, x + 0.1, 0.08, text, fontsize=8)
        x += 0.32 + 0.058 * len(text)
    key = (
        f"Lane: one reading. Mark: measured value. Line: {ledger['confidence_level']:.0%} "
        "interval. Dots: seeds. Robust: the share of other thresholds at which the verdict stays; "
        f"bold below {ledger['fragile_below']:.0%}."
    )
    _say(axes, 0.0, 0.24, key, style="italic")
    y = 0.4
    for x in (0.0, _COLUMN + _GAP):
        ends = [x + _MIDDLE, x + _MIDDLE + _HALF]
        axes.fill_between(ends, y - 0.055, y + 0.055, color=_SHADE, linewidth=0)
        axes.plot([ends[0]] * 2, [y - 0.06, y + 0.06], color="0.45", linewidth=0.5)
        _say(axes, ends[0] - 0.04, y, "otherwise", ha="right", style="italic")
        _say(axes, ends[0] + 0.04, y, "expected", style="italic")
        _say(axes, x + _COLUMN, y, "robust", ha="right", style="italic")

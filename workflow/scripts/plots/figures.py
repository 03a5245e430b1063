"""The kinds of plot that a figure can be. Each draws the groups of runs handed in."""

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from textwrap import fill, wrap
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogFormatter

from plots import widths
from plots.style import (
    DASHES,
    SHUFFLE_COLORS,
    lambda_color,
    marker,
    new_figure,
    series,
    style,
)
from runs.curves import Curve, block_statistics
from runs.results import Results
from runs.schemas import SETTINGS

#: Settings and metrics whose name on an axis says more than that of their column.
_AXIS_NAMES = {
    "l2_lambda": "λ (weight of the L2 term)",
    "weight_norm": "norm of the weights ‖W‖",
    "train_size": "training examples",
    "batch_size": "examples in a mini-batch",
    "patience": "patience (checks)",
}
_SPLIT_NAMES = {"train": "training", "validation": "validation"}
_HEIGHT = 2.35
#: The part of a figure's height for a legend of two rows, inches; for more of them it grows.
_LEGEND_HEIGHT = 0.37
#: Characters of an entry of the legend that are sure to find room beside each other.
_LEGEND_LINE = 110
#: Width of a character of a label above an image of weights, inches.
_LABEL_CHARACTER = 0.071
#: Width of a character of a tick as a part of the horizontal axis.
_CHARACTER = 0.012
_STEPS = "step (mini-batch update)"

#: From this ratio of the longest to the shortest training on, steps are drawn by decades.
_LOG_STEPS_FROM = 5


class Group(NamedTuple):
    """Runs that differ in their seed only.

    Attributes:
        label: what tells them from the other groups of the figure; empty if there are none.
        rows: of the metrics; the first is drawn as a line, and the range of all as a band.
        results: that they are read from.
    """

    label: str
    rows: list[dict]
    results: Results

    def curves(self, split: str, metric: str) -> list[Curve]:
        """One curve of each run."""
        return [self.results.curve(row, split, metric) for row in self.rows]

    @property
    def seeds(self) -> int:
        """How many seeds it has."""
        return len({row["seed"] for row in self.rows})

    @property
    def diverged(self) -> list[dict]:
        """The rows of the trainings that failed."""
        return [row for row in self.rows if row["ended"] == "diverged"]

    def line_name(self, name: str) -> str:
        """Say which training failed."""
        if not self.diverged:
            return name
        if len(self.rows) == 1:
            return f"{name}, diverged at step {self.diverged[0]['steps']}"
        return f"{name}, {len(self.diverged)} of {len(self.rows)} diverged"


def groups_of(results: Results, rows: Sequence[dict], on_axis: str | None = None) -> list[Group]:
    """Group runs that differ in their seed only, in the order of their first.

    Args:
        results: that they are read from.
        rows: of the metrics.
        on_axis: a setting that an axis shows, in which the runs of a group may differ, too.
    """
    varying = [
        key
        for key in ("l2_lambda", "shuffle", *SETTINGS)
        if key != on_axis and any(row[key] != rows[0][key] for row in rows)
    ]
    groups: dict[str, list[dict]] = {}
    for row in rows:
        label = ", ".join(_in_words(key, row) for key in varying)
        groups.setdefault(label, []).append(row)
    return [Group(label, of_label, results) for label, of_label in groups.items()]


def _in_words(key: str, row: dict) -> str:
    if key == "l2_lambda":
        return f"λ = {row['spelling']}"
    if key == "shuffle":
        words = {"false": "without shuffle", "once": "shuffled once", "true": "with shuffle"}
        return words[row[key]]
    return f"{key.replace('_', ' ')} {_tick(row[key])}"


def loss_plot(groups: Sequence[Group], options: dict) -> Figure:
    """Loss by step: training loss as means of blocks of steps, with their standard deviation.

    Where a group has several seeds, bands are the range of seeds alone.
    """
    figure = new_figure(_HEIGHT)
    axes = figure.subplots()
    only = options["splits"][0] if len(options["splits"]) == 1 and len(groups) > 1 else None
    quantity = f"{_SPLIT_NAMES[only]} loss" if only else "loss (cross-entropy)"
    axes.set(xlabel=_STEPS, ylabel=f"{quantity}, nats")
    several, window = _seeds_shown(groups) > 1, options.get("window")
    deviations = False
    sound: list[np.ndarray] = []
    styles = _looks(groups, "shuffle", len(options["splits"]))
    for group in groups:
        for split in options["splits"]:
            looks = next(styles)
            curves = group.curves(split, "loss")
            name = group.label if only else _curve_name(split, group.label)
            if split == "train":
                # A run shorter than a block is a block.
                block = max(1, min(window, *(len(curve.values) for curve in curves)))
                # The squares of a loss that diverges are beyond all numbers.
                with np.errstate(over="ignore"):
                    blocks = [block_statistics(curve, block) for curve in curves]
                curves = [mean for mean, _ in blocks]
                name += f", mean of {block} steps"
                if not several and not group.diverged:
                    (steps, means), half = blocks[0]
                    ends = (means - half, means + half)
                    _band(axes, steps, *ends, looks["color"])
                    deviations = True
                    sound += ends
            _line(axes, group, curves, name, looks)
            sound += [
                curve.values
                for curve, row in zip(curves, group.rows, strict=True)
                if row not in group.diverged
            ]
    if any(group.diverged for group in groups) and any(map(len, sound)):
        # What the axis spans: up to the end of a run that diverged all others are one flat line.
        every = np.concatenate(sound)
        axes.dataLim.intervaly = every.min(), every.max()
    _legend(figure, axes, groups, deviations)
    return figure


def accuracy_plot(groups: Sequence[Group], options: dict) -> Figure:
    """Accuracy at the checks, by step; of many groups, or of lambdas, a split has its own panel.

    Trainings of very different lengths share an axis by decades; a dot is where each stopped.
    """
    splits = options["splits"]
    # A lambda has a look of its own, so that two splits of it cannot share a panel.
    by_lambda = groups[0].label.startswith("λ = ")
    crowded = len(groups) > 2 or by_lambda
    panels = splits if crowded and len(splits) > 1 else [None]
    figure = new_figure(_HEIGHT if len(panels) == 1 else 2.7)
    every = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    lengths = [group.rows[0]["steps"] for group in groups]
    by_decades = max(lengths) > _LOG_STEPS_FROM * max(1, min(lengths))
    only = splits[0] if len(splits) == 1 and len(groups) > 1 else None
    every[0].set_ylabel(f"{_SPLIT_NAMES[only]} accuracy" if only else "accuracy")
    for axes, panel in zip(every, panels, strict=True):
        shown = splits if panel is None else [panel]
        styles = _looks(groups, "l2_lambda" if by_lambda else "shuffle", len(shown))
        starts: list[float] = []
        # Said at the panel, and then not once more at each line.
        axes.set_title(f"{_SPLIT_NAMES[panel]} accuracy" if panel else "", fontsize=8.5)
        axes.set_xlabel(f"{_STEPS}, by decades" if by_decades else _STEPS)
        if by_decades:
            axes.set_xscale("log")
            # The exponent of 10³ is too small to read.
            axes.xaxis.set_major_formatter("{x:.0f}")
            axes.xaxis.set_minor_formatter(LogFormatter())
        for group in groups:
            for split in shown:
                looks = next(styles)
                name = group.label if panel or only else _curve_name(split, group.label)
                curves = group.curves(split, "accuracy")
                if by_decades:
                    # The check after the first update, step 0, has no place among decades.
                    curves = [Curve(c.steps + 1, c.values) for c in curves]
                _line(axes, group, curves, name, looks)
                # One that diverged with its first update has no check.
                if by_decades and len(curves[0].steps):
                    starts.append(curves[0].steps[:2].max())
                    end = {"marker": "o", "color": looks["color"], "zorder": looks.get("zorder")}
                    if by_lambda and not group.rows[0]["l2_lambda"]:
                        # A ring, because a small lambda often ends where 0 does.
                        end |= {"fillstyle": "none", "markersize": 6, "markeredgewidth": 0.8}
                    axes.plot(curves[0].steps[-1], curves[0].values[-1], **end)
        if by_decades:
            axes.set_xlim(left=0.7 * min(starts))
    stops = [Line2D([], [], color="0.35", marker="o", linestyle="", label="end of training")]
    _legend(figure, every[0], groups, extra=stops if by_decades else ())
    return figure


def weights_plot(groups: Sequence[Group], options: dict) -> Figure:
    """The weights of all outputs as one combined picture, without the bias; grey is 0."""
    (group,) = groups
    row = group.rows[0]
    if row["ended"] == "diverged":
        # One run that failed leaves the figures of the others as they are.
        figure = new_figure(_HEIGHT / 4)
        text = f"There are no weights: the training diverged at step {row['steps']}."
        figure.text(0.5, 0.5, text, ha="center", va="center")
        return figure
    weights = group.results.weights(row)
    images = weights.pictures()
    limit = np.abs(images).max() or 1.0
    rows, columns = images.shape[1:]
    across = columns_of(len(images), rows / columns)
    down = math.ceil(len(images) / across)
    # A label stands above each image, and between two images there is a gap.
    characters = max(4, int((widths.FIGURE - 0.75) / across / _LABEL_CHARACTER))
    labels = [_in_lines(name, characters) for name in weights.names]
    lines = max(label.count("\n") + 1 for label in labels)
    room = max(2, round((0.02 + 0.2 * lines) * across * columns / widths.FIGURE))
    gap = max(1, round(0.03 * across * columns / widths.FIGURE))
    # More classes than digits have less room.
    size = 8 if len(images) <= 10 else 7
    combined = np.full((down * (rows + room), across * (columns + gap) - gap), np.nan)
    figure = new_figure((widths.FIGURE - 0.75) * combined.shape[0] / combined.shape[1] + 0.1)
    axes = figure.subplots()
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        top = number // across * (rows + room) + room
        left = number % across * (columns + gap)
        combined[top : top + rows, left : left + columns] = image
        centre = left + (columns - 1) / 2
        text = axes.text(centre, top - 1, label, ha="center", va="bottom", fontsize=size)
        text.set_parse_math(False)
    shown = axes.imshow(combined, cmap="gray", vmin=-limit, vmax=limit, interpolation="nearest")
    axes.set_axis_off()
    bar = figure.colorbar(shown, ax=axes, fraction=0.03, pad=0.02, ticks=[-limit, 0, limit])
    bar.ax.set_yticklabels([f"\N{MINUS SIGN}{limit:.2g}", "0", f"{limit:.2g}"])
    bar.set_label("weight")
    return figure


def norm_plot(groups: Sequence[Group], options: dict) -> Figure:
    """The norm of the weights against lambda, from 0 up."""
    figure = metric_plot(groups, options | {"x": "l2_lambda", "y": "weight_norm"})
    figure.axes[0].set_ylim(bottom=0)
    return figure


def metric_plot(groups: Sequence[Group], options: dict) -> Figure:
    """A metric against a setting: a line for each group of runs that differ in nothing else.

    On an axis by decades 0 stands apart, behind a break, and no line leads to it.
    """
    x, y = options["x"], options["y"]
    figure = new_figure(_HEIGHT)
    axes = figure.subplots()
    axes.set_ylabel(_AXIS_NAMES.get(y, y.replace("_", " ")))
    rows = [row for group in groups for row in group.rows]
    # A lambda is spelt as in the config, and so as in the legends.
    told = "spelling" if x == "l2_lambda" else x
    names = {_position(row[x]): _tick(row[told]) for row in rows}
    # What is no number, or not only numbers, stands in the order of the config at equal distances.
    scaled = all(isinstance(position, float) for position in names)
    places = _places(list(names)) if scaled else {name: float(i) for i, name in enumerate(names)}
    apart = places.get(0.0) if scaled and places.get(0.0) != 0.0 else None
    for group, looks in zip(groups, _looks(groups, "shuffle"), strict=False):
        values: dict[float, list[float]] = {}
        for row in group.rows:
            if row[y] is not None:
                values.setdefault(places[_position(row[x])], []).append(row[y])
        at = np.array(sorted(values))
        first = np.array([values[place][0] for place in at])
        low, high = (np.array([end(values[place]) for place in at]) for end in (min, max))
        label = group.line_name(group.label or _AXIS_NAMES.get(y, y.replace("_", " ")))
        joined = at != apart
        line = {"color": looks["color"], "marker": marker(looks["linestyle"])}
        dash = looks["linestyle"] if scaled else ""
        axes.plot(at[joined], first[joined], label=label, linestyle=dash, **line)
        axes.plot(at[~joined], first[~joined], linestyle="", **line)
        if group.seeds > 1:
            # Bars and no band: there are runs at these places only.
            axes.vlines(at, low, high, color=looks["color"], alpha=0.45, linewidth=4)
    ticks = {places[position]: name for position, name in names.items()}
    named = _thinned(ticks) if scaled else ticks
    axes.set_xticks([*named], [*named.values()])
    axes.set_xticks([place for place in ticks if place not in named], minor=True)
    if apart is not None:
        _break(axes, apart + 0.5)
    axes.set_xlabel(_AXIS_NAMES.get(x, x.replace("_", " ")))
    _legend(figure, axes, groups, bars=True)
    return figure


KINDS: dict[str, Callable[[Sequence[Group], dict], Figure]] = {
    "loss": loss_plot,
    "accuracy": accuracy_plot,
    "weights": weights_plot,
    "norm": norm_plot,
    "metric": metric_plot,
}


def draw(kind: str, results: Results, rows: Sequence[dict], options: dict) -> Figure:
    """Draw one figure; a curve that lies outside of fixed limits is named on stderr.

    Args:
        kind: a key of KINDS.
        results: that the runs are read from.
        rows: of the metrics, the runs that it shows.
        options: as the kind needs: `splits`, `window` (steps), `x` (a setting) and `y` (a metric),
            `x_limits`, `y_limits` (those of the report, or others; else all that there is).
    """
    with style():
        on_axis = "l2_lambda" if kind == "norm" else options.get("x")
        figure = KINDS[kind](groups_of(results, rows, on_axis), options)
        # After drawing, because limits that are set before switch the automatic ones off.
        for axes in figure.axes:
            for which in ("x", "y"):
                if options.get(f"{which}_limits"):
                    axes.set(**{f"{which}lim": options[f"{which}_limits"]})
                    for name in _outside(axes, which):
                        low, high = options[f"{which}_limits"]
                        print(
                            f"WARNING: {name} lies outside of {which}_limits [{low}, {high}], so "
                            "that nothing of it is seen; widen them or leave them out.",
                            file=sys.stderr,
                        )
        # The layout is found once and not once for each format.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        return figure


def _outside(axes: mpl.axes.Axes, which: str) -> list[str]:
    """The names of the lines no point of which is within the limits of an axis."""
    low, high = sorted(axes.get_xlim() if which == "x" else axes.get_ylim())
    names = []
    for line in axes.lines:
        values = np.asarray(line.get_xdata() if which == "x" else line.get_ydata(), dtype=float)
        within = (values >= low) & (values <= high)
        if len(values) and not within.any() and not line.get_label().startswith("_"):
            names.append(line.get_label())
    return names


def _looks(groups: Sequence[Group], key: str, lines: int = 1) -> Iterator[dict]:
    """Colour and dash of each line of one group after the other, no two of them the same.

    Groups that differ in a setting that has colours of its own get these, in every figure the same;
    the dash tells what else they differ in. Where this takes too many dashes, and where they do not
    differ in it, each line is the next of all series.

    Args:
        groups: all of the figure.
        key: the setting, l2_lambda or shuffle.
        lines: how many each group has.
    """
    firsts = [group.rows[0] for group in groups]
    values = [_in_words(key, row) for row in firsts]
    if len(set(values)) == 1:
        return series()
    colors = [
        lambda_color(row[key]) if key == "l2_lambda" else SHUFFLE_COLORS[row[key]] for row in firsts
    ]
    others = [
        group.label.replace(value, "", 1) for group, value in zip(groups, values, strict=True)
    ]
    places = {other: place for place, other in enumerate(dict.fromkeys(others))}
    numbers = []
    for row, value, color, other in zip(firsts, values, colors, others, strict=True):
        # Beyond the decades of the palette several lambdas have one colour.
        alike = list(dict.fromkeys(v for v, c in zip(values, colors, strict=True) if c == color))
        # Lambda 0 is dashed, if dashes tell nothing else: a small lambda's curve runs along it.
        dashed = row[key] == 0 and len(places) == 1
        numbers.append(1 if dashed else alike.index(value) * len(places) + places[other])
    if (max(numbers) + 1) * lines > len(DASHES):
        return series()
    return iter(
        # For the same reason lambda 0 is on top.
        {"color": color, "linestyle": dash, "zorder": 2 + (row[key] == 0)}
        for row, color, number in zip(firsts, colors, numbers, strict=True)
        for dash in DASHES[number * lines : (number + 1) * lines]
    )


def _line(
    axes: mpl.axes.Axes, group: Group, curves: list[Curve], name: str, looks: dict[str, str]
) -> None:
    """The first seed's curve as a line, and the range of all as far as every seed's run goes."""
    # No line leads through a single check: it is a point.
    point = {"marker": marker(looks["linestyle"])} if len(curves[0].steps) == 1 else {}
    axes.plot(*curves[0], label=group.line_name(name), **looks, **point)
    if len(curves) > 1:
        length = min(len(curve.steps) for curve in curves)
        values = np.array([curve.values[:length] for curve in curves])
        low, high = values.min(axis=0), values.max(axis=0)
        _band(axes, curves[0].steps[:length], low, high, looks["color"])


def _band(
    axes: mpl.axes.Axes, x: np.ndarray, low: np.ndarray, high: np.ndarray, color: str
) -> None:
    axes.fill_between(x, low, high, color=color, alpha=0.25, linewidth=4 if len(x) == 1 else 0)


def _legend(
    figure: Figure,
    axes: mpl.axes.Axes,
    groups: Sequence[Group],
    deviations: bool = False,
    extra: Sequence[Line2D] = (),
    bars: bool = False,
) -> None:
    """Name lines and, once, what bands mean; above the data, in as few rows as the page allows."""
    handles = [*axes.get_legend_handles_labels()[0], *extra]
    if deviations:
        handles.append(Patch(color="0.5", alpha=0.4, label="band: ±1 standard deviation"))
    elif (seeds := _seeds_shown(groups)) > 1:
        first = groups[0].rows[0]["seed"]
        text = f"line: seed {first}; {'bar' if bars else 'band'}: range of {seeds} seeds"
        handles.append(Patch(color="0.5", alpha=0.4, label=text))
    elif len(handles) < 2:
        return
    labels = [fill(handle.get_label(), _LEGEND_LINE) for handle in handles]
    for rows in range(1, len(handles) + 1):
        legend = figure.legend(
            handles=handles,
            labels=labels,
            loc="outside upper left",
            ncols=math.ceil(len(handles) / rows),
            columnspacing=1.4,
            handlelength=1.8,
            borderaxespad=0.1,
        )
        size = legend.get_window_extent()
        if size.width < 0.995 * figure.bbox.width or rows == len(handles):
            break
        legend.remove()
    more = size.height / figure.dpi - _LEGEND_HEIGHT
    figure.set_figheight(figure.get_figheight() + max(0.0, more))


def _seeds_shown(groups: Sequence[Group]) -> int:
    """The number of seeds of the group with the most."""
    return max(group.seeds for group in groups)


def _in_lines(name: str, characters: int) -> str:
    """A name in three lines of so many characters at most, what is more cut off."""
    lines = wrap(name, characters)
    if len(lines) > 3:
        lines = [*lines[:2], f"{lines[2][: characters - 1]}…"]
    return "\n".join(lines)


def columns_of(images: int, aspect: float) -> int:
    """How many images stand side by side so that the whole is about 2.5 times as wide as high."""
    wanted = [
        (abs(math.log(across / (math.ceil(images / across) * aspect) / 2.5)), across)
        for across in range(1, images + 1)
    ]
    return min(wanted)[1]


def _places(values: list[float]) -> dict[float, float]:
    """Where numbers stand: as they are or, where they span powers of ten, by decades."""
    positive = sorted(value for value in values if value > 0)
    if not positive or min(values) < 0 or positive[-1] < 10 * positive[0]:
        return {value: value for value in values}
    zero = math.log10(positive[0]) - 1.0
    return {value: math.log10(value) if value > 0 else zero for value in values}


def _thinned(ticks: dict[float, str]) -> dict[float, str]:
    """The ticks, by their places, whose texts find room behind the one before, and the first."""
    ordered = sorted(ticks)
    width = _CHARACTER * (ordered[-1] - ordered[0])
    kept = ordered[:1]
    for place in ordered[1:]:
        before = kept[-1]
        if place - before >= width * ((len(ticks[before]) + len(ticks[place])) / 2 + 1):
            kept.append(place)
    return {place: ticks[place] for place in kept}


def _break(axes: mpl.axes.Axes, place: float) -> None:
    """Two strokes through the horizontal axis: it is interrupted here."""
    axes.plot(
        [place - 0.03, place + 0.03],
        [0, 0],
        transform=axes.get_xaxis_transform(),
        color="black",
        linestyle="",
        marker=[(-0.5, -1), (0.5, 1)],
        markersize=7,
        clip_on=False,
    )


def _position(value: object) -> object:
    """A setting as a place on an axis: a number where it is one."""
    return float(value) if isinstance(value, int | float) else _tick(value)


def _tick(value: object) -> str:
    """A setting as the text of a tick."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "never" if value is None else str(value)


def _curve_name(split: str, label: str) -> str:
    name = _SPLIT_NAMES[split]
    return f"{name}, {label}" if label else name

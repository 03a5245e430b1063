"""The kinds of plot that a figure can be. Each draws the groups of runs handed in."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from common.files import replace_atomically
from runs.curves import Curve, block_statistics
from runs.results import Results
from runs.schemas import SETTINGS

#: Okabe and Ito's palette: told apart by colour-blind readers and in grey print.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

#: File formats and the metadata without which two runs give two different files.
FORMATS = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}

_STYLE = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 10,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "svg.hashsalt": "reproduce-report",
}


#: Settings and metrics whose name on an axis says more than that of their column.
_AXIS_NAMES = {
    "l2_lambda": "λ (weight of the L2 term)",
    "weight_norm": "norm of the weights ‖W‖",
    "train_size": "training examples",
    "batch_size": "examples in a mini-batch",
    "patience": "patience (checks)",
}


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

    def line_name(self, name: str) -> str:
        """Say which seed the line is of, of how many the band, and which training failed."""
        several = len({row["seed"] for row in self.rows})
        if several > 1:
            name += f", seed {self.rows[0]['seed']} (band: {several} seeds)"
        diverged = [row for row in self.rows if row["ended"] == "diverged"]
        if not diverged:
            return name
        if len(self.rows) == 1:
            return f"{name}, diverged at step {diverged[0]['steps']}"
        return f"{name}, {len(diverged)} of {len(self.rows)} diverged"


def groups_of(results: Results, rows: Sequence[dict], on_axis: str | None = None) -> list[Group]:
    """Group runs that differ in their seed only, in the order of their first.

    Args:
        results: that they are read from.
        rows: of the metrics.
        on_axis: a setting that an axis shows, in which the runs of a group may differ, too.
    """
    told = ("task", "l2_lambda", "shuffle", *SETTINGS)
    varying = [
        key
        for key in told
        if key not in (on_axis, "task") and any(row[key] != rows[0][key] for row in rows)
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
    """Loss by step: training loss as mean and standard deviation of blocks of steps."""
    figure, axes = _axes("loss (cross-entropy)", options)
    colors = cycle(_COLORS)
    for group in groups:
        for split in options["splits"]:
            color = next(colors)
            name = _curve_name(split, group.label)
            curves = group.curves(split, "loss")
            if split == "train":
                window = options["window"]
                blocks = [block_statistics(curve, window) for curve in curves]
                curves = [mean for mean, _ in blocks]
                name += f", mean of {window} steps"
                if len(group.rows) == 1:
                    # With many seeds the band is theirs; two of them on one line say nothing.
                    name += " ±1 std"
                    _band(axes, *curves[0], blocks[0][1], color)
            axes.plot(*curves[0], color=color, label=group.line_name(name))
            _seed_band(axes, curves, color)
    axes.legend()
    return figure


def accuracy_plot(groups: Sequence[Group], options: dict) -> Figure:
    """Accuracy at the checks, by step; with two splits, the second is dashed."""
    figure, axes = _axes("accuracy", options)
    splits = options["splits"]
    for position, group in enumerate(groups):
        for number, split in enumerate(splits):
            # One run: a colour per split. Many runs: a colour per run, a dash per split.
            color = _COLORS[(position if len(groups) > 1 else number) % len(_COLORS)]
            curves = group.curves(split, "accuracy")
            dash = "--" if number and len(groups) > 1 else "-"
            label = group.line_name(_curve_name(split, group.label))
            axes.plot(*curves[0], dash, color=color, label=label)
            _seed_band(axes, curves, color)
    many = len(groups) > 2
    axes.legend(ncols=2 if many else 1, fontsize=7 if many else None)
    return figure


def weights_plot(groups: Sequence[Group], options: dict) -> Figure:
    """The weights of each output as an image, side by side, without the bias."""
    (group,) = groups
    weights = group.results.weights(group.rows[0])
    images = weights.pictures()
    limit = np.abs(images).max() or 1.0
    figure = Figure(figsize=(10, 1.9), layout="constrained")
    axes = figure.subplots(1, len(images), squeeze=False)[0]
    for axis, image, name in zip(axes, images, weights.names, strict=True):
        shown = axis.imshow(image, cmap="gray", vmin=-limit, vmax=limit, interpolation="nearest")
        axis.set(xticks=[], yticks=[], xlabel=f"class {name}")
        axis.spines[:].set_visible(False)
    bar = figure.colorbar(shown, ax=axes, fraction=0.02, pad=0.01)
    bar.set_label("weight")
    figure.suptitle(options["title"])
    return figure


def norm_plot(groups: Sequence[Group], options: dict) -> Figure:
    """The norm of the weights against lambda; the axis is linear near 0 to show lambda 0."""
    figure = metric_plot(groups, options | {"x": "l2_lambda", "y": "weight_norm"})
    figure.axes[0].set_ylim(bottom=0)
    return figure


def metric_plot(groups: Sequence[Group], options: dict) -> Figure:
    """A metric against a setting: a line for each group of runs that differ in nothing else."""
    x, y = options["x"], options["y"]
    figure, axes = _axes(_AXIS_NAMES.get(y, y.replace("_", " ")), options)
    rows = [row for group in groups for row in group.rows]
    names = {_position(row[x]): _tick(row[x]) for row in rows}
    # What is no number, or not only numbers, stands in the order of the config at equal distances.
    scaled = all(isinstance(position, float) for position in names)
    places = {name: name if scaled else float(i) for i, name in enumerate(names)}
    for group, color in zip(groups, cycle(_COLORS), strict=False):
        values: dict[float, list[float]] = {}
        for row in group.rows:
            if row[y] is not None:
                values.setdefault(places[_position(row[x])], []).append(row[y])
        at = sorted(values)
        label = group.line_name(group.label or _AXIS_NAMES.get(y, y.replace("_", " ")))
        first = [values[place][0] for place in at]
        low, high = ([extreme(values[place]) for place in at] for extreme in (min, max))
        axes.plot(at, first, "o-" if scaled else "o", color=color, label=label)
        if scaled:
            axes.fill_between(at, low, high, color=color, alpha=0.25)
        else:
            # Nothing lies between two pairs of digits.
            axes.vlines(at, low, high, color=color, alpha=0.4, linewidth=4)
    if scaled:
        _scale(axes, sorted(places.values()))
    axes.set_xticks(list(places.values()), list(names.values()))
    axes.minorticks_off()
    axes.set_xlabel(_AXIS_NAMES.get(x, x.replace("_", " ")))
    axes.legend(fontsize=7 if len(groups) > 4 else None)
    return figure


KINDS: dict[str, Callable[[Sequence[Group], dict], Figure]] = {
    "loss": loss_plot,
    "accuracy": accuracy_plot,
    "weights": weights_plot,
    "norm": norm_plot,
    "metric": metric_plot,
}


@contextmanager
def _style() -> Iterator[None]:
    """Draw in our style, from Matplotlib's own defaults on and not from those of a matplotlibrc."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


def draw(kind: str, results: Results, rows: Sequence[dict], options: dict) -> Figure:
    """Draw one figure.

    Args:
        kind: a key of KINDS.
        results: that the runs are read from.
        rows: of the metrics, the runs that it shows.
        options: `title`, and as the kind needs: `splits`, `window` (steps), `x` (a setting) and `y`
            (a metric), `x_limits`, `y_limits`.
    """
    with _style():
        on_axis = "l2_lambda" if kind == "norm" else options.get("x")
        figure = KINDS[kind](groups_of(results, rows, on_axis), options)
        FigureCanvasAgg(figure)
        axes = figure.axes[0]
        # After drawing, because limits that are set before switch the automatic ones off.
        if "x_limits" in options:
            axes.set_xlim(options["x_limits"])
        if "y_limits" in options:
            axes.set_ylim(options["y_limits"])
        # The layout is found once and not once for each format.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure in the format that the suffix names; the same figure gives the same bytes."""
    format_ = path.suffix.removeprefix(".")
    with _style(), replace_atomically(path) as temporary:
        figure.savefig(temporary, format=format_, dpi=150, metadata=FORMATS[format_])


def _axes(ylabel: str, options: dict) -> tuple[Figure, mpl.axes.Axes]:
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.subplots()
    axes.set(
        xlabel="step (mini-batch update)",
        ylabel=ylabel,
        title=options["title"],
    )
    return figure, axes


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


def _scale(axes: mpl.axes.Axes, places: list[float]) -> None:
    """Linear or, where the values span powers of ten, logarithmic; near 0 it is linear again."""
    positive = [place for place in places if place > 0]
    if len(positive) < len(places):
        axes.set_xscale("symlog", linthresh=positive[0] if positive else 1.0)
    elif positive[-1] >= 10 * positive[0]:
        axes.set_xscale("log")


def _band(axes: mpl.axes.Axes, x: np.ndarray, y: np.ndarray, half: np.ndarray, color: str) -> None:
    axes.fill_between(x, y - half, y + half, color=color, alpha=0.2, linewidth=0)


def _seed_band(axes: mpl.axes.Axes, curves: list[Curve], color: str) -> None:
    """Shade the range over seeds, as far as every seed's run goes."""
    if len(curves) > 1:
        length = min(len(curve.steps) for curve in curves)
        values = np.array([curve.values[:length] for curve in curves])
        steps = curves[0].steps[:length]
        axes.fill_between(
            steps, values.min(axis=0), values.max(axis=0), color=color, alpha=0.3, linewidth=0
        )


def _curve_name(split: str, label: str) -> str:
    name = {"train": "training", "validation": "validation"}[split]
    return f"{name}, {label}" if label else name

"""Figures: told apart without colour, nothing hidden in silence, the same bytes."""

from itertools import combinations, islice, pairwise

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from pipeline.model import Config
from plots import figures, style
from runs.curves import Curve

#: Machado, Oliveira and Fernandes (2009), severity 1.0, for linear RGB.
BLINDNESS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
METRIC = {"x": "batch_size", "y": "steps"}
LAMBDAS = (0.0, 0.001, 0.01, 0.1, 1.0)


def linear(color: str) -> np.ndarray:
    """sRGB to linear RGB."""
    rgb = np.array(to_rgb(color))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """Linear RGB to CIE L*a*b* (D65), in which a difference of about 2 is just seen."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    f = np.cbrt(to_xyz @ np.clip(rgb, 0.0, 1.0) / [0.9505, 1.0, 1.089])
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_colour_blind_readers_tell_series_and_lambdas_apart(blindness):
    for colors in (style.COLORS, [style.lambda_color(one) for one in LAMBDAS]):
        seen = [lab(np.array(BLINDNESS[blindness]) @ linear(color)) for color in colors]
        assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 8


def test_in_grey_the_first_three_series_and_all_lambdas_differ():
    for colors in (style.COLORS[:3], [style.lambda_color(one) for one in LAMBDAS]):
        greys = [lab(linear(color))[0] for color in colors]
        assert min(abs(a - b) for a, b in combinations(greys, 2)) > 8


def test_lambdas_grow_lighter_and_do_not_crowd_out_the_white():
    greys = [lab(linear(style.lambda_color(one)))[0] for one in LAMBDAS]
    assert greys == sorted(greys)
    assert greys[-1] < 80


def test_no_two_of_many_series_are_the_same():
    looks = [tuple(look.values()) for look in islice(style.series(), 200)]
    points = {(color, style.marker(dash)) for color, dash in looks}
    assert len(set(looks)) == len(points) == 200


def test_each_kind_of_the_config_is_drawn_and_explained(repository):
    figures_of_config = Config.model_json_schema()["properties"]["figures"]
    kinds = figures_of_config["additionalProperties"]["discriminator"]["mapping"].keys()
    assert figures.KINDS.keys() == kinds
    page = (repository / "docs" / "how-to" / "own-figure.md").read_text(encoding="utf-8")
    assert all(f"| `{kind}` |" in page for kind in kinds)


class MadeUp:
    """Results of which every curve is the same."""

    def __init__(self, values):
        self.values = np.array(values)

    def curve(self, row, split, metric):
        return Curve(np.arange(len(self.values)), self.values)


def row(seed: int = 0, **other) -> dict:
    settings = dict.fromkeys(figures.SETTINGS, 1)
    keys = {"task": "t", "shuffle": "true", "l2_lambda": 0.0, "spelling": "0", "seed": seed}
    return settings | keys | {"ended": "max_epochs", "steps": 40} | other


def draw(values, rows, kind="accuracy", **options) -> figures.Figure:
    options = {"splits": ["train", "validation"], "window": 2} | options
    return figures.draw(kind, MadeUp(values), rows, options)


def texts(figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def test_two_lambdas_and_two_splits_are_four_looks():
    figure = draw([0.5, 0.6], [row(), row(l2_lambda=0.1, spelling="0.1")])
    looks = [
        (number, line.get_color(), line.get_linestyle())
        for number, axes in enumerate(figure.axes)
        for line in axes.lines
    ]
    assert len(set(looks)) == len(looks) == 4


def named_lines(axes) -> list:
    return [line for line in axes.lines if not line.get_label().startswith("_")]


def spelt(*lambdas: str) -> list[dict]:
    """One run of each lambda."""
    return [row(l2_lambda=float(one), spelling=one) for one in lambdas]


@pytest.mark.parametrize(
    "rows",
    [
        [one | {"learning_rate": rate} for one in spelt("0", "0.1", "1") for rate in (0.1, 0.2)],
        spelt("0", "0.000001", "0.00001", "0.1", "10", "100", "1000"),
        spelt(*(f"1e-{number}" for number in range(4, 14))),
        [row(shuffle=one, patience=two) for one in ("false", "true") for two in range(5)],
        [row(learning_rate=one) for one in range(60)],
    ],
)
@pytest.mark.parametrize("kind", ["accuracy", "loss", "metric"])
def test_no_two_lines_look_the_same(rows, kind):
    figure = draw([0.5, 0.6, 0.7, 0.8], rows, kind, **METRIC)
    for axes in figure.axes:
        lines = named_lines(axes)
        # A dash of several lengths is known to all as "--".
        looks = {(line.get_color(), line._unscaled_dash_pattern) for line in lines}
        assert len(looks) == len(lines) >= len(rows)


@pytest.mark.parametrize("kind", ["accuracy", "loss", "norm", "metric"])
def test_no_text_is_too_small_to_read(kind):
    rows = [one | {"weight_norm": 4.0} for one in spelt("0", "0.1")]
    rows[1]["steps"] = 1
    figure = draw([0.5, 0.6, 0.7, 0.8], rows, kind, **METRIC)
    written = [text for text in figure.findobj(Text) if text.get_text()]
    assert min(text.get_fontsize() for text in written) >= 8
    assert not any("^" in text.get_text() for text in written), "an exponent is smaller"


def test_a_dash_tells_what_else_groups_of_a_lambda_differ_in():
    rows = [one | {"patience": n} for one in spelt("0", "0.1") for n in (1, 2)]
    lines = draw([0.5, 0.6], rows).axes[0].lines
    assert [line.get_linestyle() for line in lines] == ["-", "--", "-", "--"]
    assert lines[0].get_color() == lines[1].get_color() != lines[2].get_color()


def test_ends_of_training_at_one_place_are_both_seen():
    rows = [one | {"steps": n} for one, n in zip(spelt("0", "0.1", "1"), (9, 9, 1), strict=True)]
    for axes in draw([0.5, 0.6], rows).axes:
        ring, dot, _ = [line for line in axes.lines if line.get_marker() == "o"]
        assert ring.get_fillstyle() == "none"
        assert ring.get_markersize() > dot.get_markersize() + dot.get_markeredgewidth()
        assert ring.get_zorder() > dot.get_zorder()


@pytest.mark.parametrize(
    "rows",
    [
        [row(learning_rate=one, shuffle=two) for one in (0.01, 0.05) for two in ("false", "true")],
        [row(learning_rate=one, patience=two) for one in range(8) for two in range(4)],
        [row(skip_batches=[*range(one, 40)]) for one in range(8)],
        spelt(*(f"{digit}e-{power}" for power in range(1, 10) for digit in (1, 2, 5))),
    ],
)
@pytest.mark.parametrize("kind", ["accuracy", "loss", "metric"])
def test_the_legend_is_whole_on_the_page_and_not_on_the_data(rows, kind):
    figure = draw([0.5, 0.6, 0.7, 0.8], rows, kind, **METRIC)
    legend = figure.legends[0].get_window_extent()
    assert figure.bbox.x0 <= legend.x0 and legend.x1 <= figure.bbox.x1
    assert figure.bbox.y0 <= legend.y0 and legend.y1 <= figure.bbox.y1
    for axes in figure.axes:
        assert axes.get_tightbbox().y1 <= legend.y0
        assert axes.get_window_extent().height > figure.dpi


@pytest.mark.parametrize("kind", ["accuracy", "loss", "metric"])
def test_an_order_of_the_examples_has_its_colour_whatever_stands_beside_it(kind):
    seen: dict[str, set] = {}
    for orders in (("false", "true"), ("false", "once", "true"), ("true", "once")):
        rows = [row(shuffle=one) for one in orders]
        lines = named_lines(draw([0.5, 0.6], rows, kind, splits=["train"], **METRIC).axes[0])
        for one, line in zip(orders, lines, strict=True):
            seen.setdefault(one, set()).add(line.get_color())
    assert [len(colors) for colors in seen.values()] == [1, 1, 1]
    assert len(set.union(*seen.values())) == 3


def test_weights_of_a_diverged_run_are_said_to_be_missing():
    figure = draw([0.5], [row(ended="diverged", steps=7)], "weights")
    assert "diverged at step 7" in figure.texts[0].get_text()


@pytest.mark.parametrize("sound", [{"patience": 2}, {"seed": 1}])
def test_a_run_that_diverges_does_not_flatten_the_others(sound):
    class OneDiverges(MadeUp):
        def curve(self, row, split, metric):
            values = [1.0, 1.0, 1e300, 1e305] if row["ended"] == "diverged" else self.values
            return Curve(np.arange(4), np.array(values))

    rows = [row(ended="diverged"), row(**sound)]
    options = {"splits": ["train", "validation"], "window": 2}
    (axes,) = figures.draw("loss", OneDiverges([0.9, 0.7, 0.5, 0.3]), rows, options).axes
    low, high = axes.get_ylim()
    assert low < 0.3 and 0.9 < high < 1.1


def test_a_run_that_diverges_with_its_first_update_stands_in_the_legend():
    class OneHasNoCheck(MadeUp):
        def curve(self, row, split, metric):
            values = self.values[: None if row["ended"] == "max_epochs" else 0]
            return Curve(np.arange(len(values)), values)

    rows = [row(), row(learning_rate=2, ended="diverged", steps=1)]
    options = {"splits": ["validation"]}
    figure = figures.draw("accuracy", OneHasNoCheck([0.5, 0.6]), rows, options)
    assert texts(figure)[1] == "learning rate 2, diverged at step 1"


def test_a_curve_outside_of_the_limits_is_named(capsys):
    draw([0.5, 0.6], [row()], y_limits=[0.9, 1.0])
    assert "WARNING: training lies outside of y_limits [0.9, 1.0]" in capsys.readouterr().err
    draw([0.5, 0.95], [row()], y_limits=[0.9, 1.0])
    assert not capsys.readouterr().err


@pytest.mark.parametrize("kind", ["accuracy", "loss"])
def test_a_single_check_is_seen(kind):
    (axes,) = draw([0.5], [row(0), row(1)], kind).axes
    assert all(line.get_marker() != "None" for line in named_lines(axes))
    assert all(band.get_linewidth() > 0 for band in axes.collections)


def test_bands_are_of_one_kind_and_named_once():
    alone, of_seeds = (
        texts(draw([0.5] * 8, rows, "loss", splits=["train"]))
        for rows in ([row()], [row(0), row(1), row(0, shuffle="false")])
    )
    assert sum("standard deviation" in text for text in alone) == 1
    assert not any("standard deviation" in text for text in of_seeds)
    assert sum("range of 2 seeds" in text for text in of_seeds) == 1


def test_zero_stands_apart_from_the_decades():
    rows = [row(l2_lambda=float(one), spelling=one, weight_norm=4.0) for one in ("0", "0.01", "1")]
    (axes,) = draw([1.0], rows, "norm").axes
    joined = max(axes.lines, key=lambda line: len(line.get_xdata()))
    assert list(joined.get_xdata()) == [-2.0, 0.0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0", "0.01", "1"]
    assert axes.get_ylim()[0] == 0


def test_a_lambda_on_an_axis_is_spelt_as_in_the_config():
    rows = [one | {"weight_norm": 4.0} for one in spelt("0.00001", "1e6")]
    (axes,) = draw([1.0], rows, "norm").axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0.00001", "1e6"]


@pytest.mark.parametrize(
    ("x", "values"),
    [
        (
            "l2_lambda",
            [0, *(digit * 10.0**-power for power in range(1, 10) for digit in (1, 2, 5))],
        ),
        ("l2_lambda", [0, 1e-30, 0.001, 0.01, 0.1, 1]),
        ("train_size", [*range(10_000, 10_050)]),
    ],
)
def test_the_texts_of_many_ticks_do_not_overlap(x, values):
    rows = [row(weight_norm=4.0, spelling=f"{value:g}") | {x: value} for value in values]
    (axes,) = draw([1.0], rows, "metric", x=x, y="weight_norm").axes
    boxes = [text.get_window_extent() for text in axes.get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert len(boxes) + len(axes.get_xticks(minor=True)) == len(values)


@pytest.mark.parametrize(("images", "aspect"), [(2, 1), (10, 1), (100, 1), (10, 3), (10, 0.2)])
def test_images_of_weights_wrap_into_a_wide_rectangle(images, aspect):
    across = figures.columns_of(images, aspect)
    down = -(-images // across)
    assert across * down >= images
    assert 0.3 < across / (down * aspect) < 13


def test_a_figure_gives_the_same_bytes_in_every_format(tmp_path):
    for format_ in style.FORMATS:
        for name in ("a", "b"):
            style.save(draw([0.5, 0.6], [row()]), tmp_path / f"{name}.{format_}")
        assert (tmp_path / f"a.{format_}").read_bytes() == (tmp_path / f"b.{format_}").read_bytes()
    assert "<text" in (tmp_path / "a.svg").read_text(encoding="utf-8")

"""The charts of the explorer, in Vega-Lite. Each knows the name of its table but not its rows.

What the reader picks stands in form controls of the page. A chart binds its parameters to them by
their ids (Vega's direct binding), so one control steers all charts, and no script of ours is
needed. `groups` is a parameter with the constants of all groups of runs, by their number.
"""

import altair as alt

A_COLOR, B_COLOR, OTHER_COLOR = "#0072B2", "#B84D00", "#9A9A9A"
_SPLIT_COLORS = {"training": "#444444", "validation": "#009E73", "test": "#AA4499"}
#: Colours of the cells of a confusion matrix, on and off the diagonal.
_RIGHT, _WRONG = ("#EEF4FA", "#2166AC"), ("#FDEBDD", "#B2182B")

#: Side of a picture in CSS pixels, and widths of the tiles with a short and with a long text.
_PICTURE, _NARROW, _WIDE = 72, 80, 108

_SIDES = {"a": "A", "b": "B"}


def all_charts(groups: list[dict], classes: int) -> dict[str, alt.TopLevelMixin]:
    """Every chart of the page by the id of its element.

    Args:
        groups: constants of each group, by its number: `name`, `task`, `l2_lambda`, `lambda_order`,
            `variant`, `folder`, `steps`, `seeds`, `accuracy`, `images`, `wrong`,
            `weight_limit`.
        classes: of the task with the most; a matrix of many has no room for numbers.
    """
    charts = {
        "loss": curves_chart("loss", groups),
        "accuracy": curves_chart("accuracy", groups),
        "tradeoff": tradeoff_chart(groups),
        "norm": norm_chart(groups),
    }
    for side in _SIDES:
        charts[f"weights-{side}"] = weights_chart(side, groups)
        charts[f"confusion-{side}"] = confusion_chart(side, groups, numbers=classes <= 12)
        charts[f"mistakes-{side}"] = mistakes_chart(side, groups)
    return {name: _finish(chart) for name, chart in charts.items()}


def curves_chart(metric: str, groups: list[dict]) -> alt.LayerChart:
    """Loss or accuracy by step: the two picked groups, and on demand the others of the task."""
    longest = "(groups[run_a].steps > groups[run_b].steps ? groups[run_a] : groups[run_b]).steps"
    base = (
        # Where the first run has ended, its value is empty, which becomes null and not 0.
        alt.Chart(_table("curves", value="number"))
        .transform_filter(alt.datum.metric == metric)
        .transform_filter(
            "datum.group == run_a || datum.group == run_b"
            " || (others == 'task' && groups[datum.group].task == groups[run_a].task)"
        )
        .transform_filter(
            f"datum.step >= from_percent / 100 * {longest}"
            f" && datum.step <= to_percent / 100 * {longest}"
        )
        .transform_calculate(
            role="datum.group == run_a ? 'A' : datum.group == run_b ? 'B' : 'other'",
            run="groups[datum.group].name",
            seeds_of="datum.seeds + ' of ' + groups[datum.group].seeds",
            file="groups[datum.group].folder + '/history.parquet'",
        )
    )
    y = alt.Y(
        "value:Q",
        title={"loss": "loss (cross-entropy, log scale)", "accuracy": "accuracy"}[metric],
        scale=(
            alt.Scale(type="log", nice=False)
            if metric == "loss"
            else alt.Scale(zero=False, nice=False)
        ),
        axis=alt.Axis(format=".3~f", tickCount=6),
    )
    x = alt.X(
        "step:Q",
        title="step (mini-batch update)",
        scale=alt.Scale(nice=False),
        axis=alt.Axis(tickCount=5),
    )
    roles = alt.Scale(domain=["A", "B", "other"], range=[A_COLOR, B_COLOR, OTHER_COLOR])
    color = alt.Color("role:N", scale=roles, legend=None)
    outline = alt.Stroke("role:N", scale=roles, legend=None)
    dash = alt.StrokeDash(
        "split:N",
        scale=alt.Scale(domain=["training", "validation"], range=[[1, 0], [5, 3]]),
        legend=alt.Legend(title=None, orient="top", symbolStrokeColor="#444", symbolSize=300),
    )
    lines = alt.Detail(["group:N", "split:N"])
    band = (
        base.transform_filter("datum.seeds > 1 && datum.role != 'other'")
        # The thin outline shows where a single seed is left.
        .mark_area(opacity=0.25, strokeWidth=0.8, aria=False)
        .encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=color, stroke=outline, detail=lines)
    )
    others = (
        base.transform_filter("datum.role == 'other' && datum.value !== null")
        .mark_line(strokeWidth=1, opacity=0.7)
        .encode(x=x, y=y, color=color, strokeDash=dash, detail=lines)
    )
    picked = (
        base.transform_filter("datum.role != 'other' && datum.value !== null")
        .mark_line(strokeWidth=1.8)
        .encode(x=x, y=y, color=color, strokeDash=dash, detail=lines)
    )
    # Invisible, larger than a point would be drawn, so that a finger hits it too.
    targets = (
        base.transform_filter("datum.value !== null")
        .mark_point(filled=True, size=90, opacity=0, aria=False)
        .encode(
            x=x,
            y=y,
            detail=lines,
            tooltip=[
                alt.Tooltip("run:N"),
                alt.Tooltip("split:N"),
                alt.Tooltip("step:Q", format=","),
                alt.Tooltip("value:Q", title=metric, format=".4~g"),
                alt.Tooltip("low:Q", title="lowest of the seeds", format=".4~g"),
                alt.Tooltip("high:Q", title="highest of the seeds", format=".4~g"),
                alt.Tooltip("seeds_of:N", title="seeds"),
                alt.Tooltip("file:N"),
            ],
        )
    )
    chart = alt.layer(band, others, picked, targets).properties(height=270)
    return chart.properties(
        title=metric.capitalize(),
        description=f"{metric.capitalize()} by training step of the runs A and B. "
        "Solid lines: training; dashed lines: validation; bands: range over the seeds.",
    ).add_params(
        _select("run_a", "#run-a"),
        _select("run_b", "#run-b"),
        _select("others", "#others"),
        _slider("from_percent", "#from-percent", 0),
        _slider("to_percent", "#to-percent", 100),
        alt.param(name="groups", value=groups),
    )


def tradeoff_chart(groups: list[dict]) -> alt.LayerChart:
    """Accuracy on each split against lambda, for all runs of the task of A."""
    splits = list(_SPLIT_COLORS)
    base = _lambda_base().transform_fold(splits, as_=["split", "accuracy"])
    color = alt.Color(
        "split:N",
        scale=alt.Scale(domain=splits, range=list(_SPLIT_COLORS.values())),
        legend=alt.Legend(title=None, orient="top", symbolOpacity=1),
    )
    chart = _lambda_layers(base, "accuracy", color)
    return chart.properties(
        title="Accuracy against λ",
        description="Training, validation and test accuracy against lambda, for all runs of the "
        "task of run A. Lines: means over the seeds; points: single runs.",
    ).add_params(
        _select("run_a", "#run-a"),
        _select("run_b", "#run-b"),
        alt.param(name="groups", value=groups),
    )


def norm_chart(groups: list[dict]) -> alt.LayerChart:
    """Norm of the weights against lambda, for all runs of the task of A."""
    chart = _lambda_layers(_lambda_base(), "norm", alt.value("#444444"))
    return chart.properties(
        title="Norm of the weights ‖W‖ against λ",
        description="Norm of the weights, biases included, against lambda, for all runs of the "
        "task of run A. Lines: means over the seeds; points: single runs.",
    ).add_params(
        _select("run_a", "#run-a"),
        _select("run_b", "#run-b"),
        alt.param(name="groups", value=groups),
    )


def weights_chart(side: str, groups: list[dict]) -> alt.LayerChart:
    """The weights of one picked group as a picture for each output."""
    tooltip = [
        alt.Tooltip("run:N"),
        alt.Tooltip("label:N"),
        alt.Tooltip("smallest:Q", title="smallest weight", format=".3f"),
        alt.Tooltip("largest:Q", title="largest weight", format=".3f"),
        alt.Tooltip("file:N"),
    ]
    base = _of_one_group("weights", "weights.parquet", position="number").transform_calculate(
        text="'' + datum.label"
    )
    return (
        _tiles(base, tooltip, _NARROW, lines=1)
        .properties(
            title=_title(
                side,
                "'\N{MINUS SIGN}' + groups[run].weight_limit + ' (blue) to '"
                " + groups[run].weight_limit + ' (red)'",
            ),
            description=f"Weights of run {_SIDES[side]} as one picture for each label, "
            "blue below zero and red above.",
        )
        .add_params(*_one_group_params(side, groups))
    )


def mistakes_chart(side: str, groups: list[dict]) -> alt.LayerChart:
    """Images that one picked group gets wrong, with label and prediction."""
    tooltip = [
        alt.Tooltip("run:N"),
        alt.Tooltip("label:N"),
        alt.Tooltip("prediction:N"),
        alt.Tooltip("confidence:Q", title="probability of the prediction", format=".1%"),
        alt.Tooltip("image:N"),
        alt.Tooltip("file:N"),
    ]
    base = _of_one_group("mistakes", "weights.parquet", position="number").transform_calculate(
        text="'is ' + datum.label + ', taken for ' + datum.prediction",
        sure="format(datum.confidence, '.0%') + ' sure'",
    )
    return (
        _tiles(base, tooltip, _WIDE, lines=2)
        .properties(
            title=_title(
                side,
                "format(groups[run].wrong, ',') + ' of ' + format(groups[run].images, ',')"
                " + ' wrong; the surest:'",
            ),
            description=f"Validation images that run {_SIDES[side]} gets wrong and is most sure "
            "of, each with its label and the prediction.",
        )
        .add_params(*_one_group_params(side, groups))
    )


def confusion_chart(side: str, groups: list[dict], numbers: bool) -> alt.LayerChart:
    """Label against prediction of one picked group, on the validation images."""
    base = _of_one_group("confusion", "weights.parquet").transform_calculate(
        right="datum.label == datum.prediction"
    )
    x = alt.X(
        "prediction:O",
        title="prediction",
        axis=alt.Axis(orient="top", labelAngle=0, domain=False, ticks=False, labelOverlap=True),
    )
    y = alt.Y("label:O", title="label", axis=alt.Axis(domain=False, ticks=False, labelOverlap=True))
    tooltip = [
        alt.Tooltip("run:N"),
        alt.Tooltip("label:N"),
        alt.Tooltip("prediction:N"),
        alt.Tooltip("count:Q", title="images", format=","),
        alt.Tooltip("share:Q", title="share of the label", format=".1%"),
        alt.Tooltip("file:N"),
    ]
    layers = []
    for right, (pale, full), most in ((True, _RIGHT, 1.0), (False, _WRONG, 0.15)):
        cells = base.transform_filter("datum.right" if right else "!datum.right")
        scale = alt.Scale(type="sqrt", domain=[0, most], range=[pale, full], clamp=True)
        color = alt.Color("share:Q", scale=scale, legend=None)
        layers.append(
            cells.mark_rect(stroke="white", strokeWidth=1).encode(
                x=x, y=y, color=color, tooltip=tooltip
            )
        )
        if numbers:
            ink = alt.condition(
                f"sqrt(datum.share / {most}) > 0.55", alt.value("white"), alt.value("#222")
            )
            layers.append(
                cells.mark_text(fontSize=11, tooltip=False, aria=False).encode(
                    x=x, y=y, text=alt.Text("count:Q", format="d"), color=ink
                )
            )
    return (
        alt.layer(*layers)
        .resolve_scale(color="independent")
        .properties(
            height=330,
            title=_title(side, "'accuracy ' + groups[run].accuracy"),
            description=f"Confusion matrix of run {_SIDES[side]} on the validation images: "
            "rows are labels, columns are predictions.",
        )
        .add_params(*_one_group_params(side, groups))
    )


def _table(name: str, **parse: str) -> alt.NamedData:
    """A table that the page embeds once for all charts, as CSV.

    Args:
        name: a key of the tables of the page.
        parse: types of the columns whose type must be known before the first transformation.
    """
    return alt.NamedData(name, format=alt.CsvDataFormat(type="csv", parse=parse or alt.Undefined))


def _select(name: str, element: str) -> alt.Parameter:
    """A parameter whose value is the option chosen in a select of the page."""
    return alt.param(name=name, value="0", bind=alt.BindDirect(element=element, event="change"))


def _slider(name: str, element: str, value: int) -> alt.Parameter:
    """A parameter that follows a slider of the page while it moves."""
    return alt.param(name=name, value=value, bind=alt.BindDirect(element=element, event="input"))


def _one_group_params(side: str, groups: list[dict]) -> list[alt.Parameter]:
    return [_select("run", f"#run-{side}"), alt.param(name="groups", value=groups)]


def _of_one_group(table: str, file: str, **parse: str) -> alt.Chart:
    return (
        alt.Chart(_table(table, **parse))
        .transform_filter("datum.group == run")
        .transform_calculate(
            run="groups[datum.group].name", file=f"groups[datum.group].folder + '/{file}'"
        )
    )


def _title(side: str, second_line: str) -> alt.TitleParams:
    """Which run it is, in its colour, over a line that is a Vega expression."""
    return alt.TitleParams(
        # One text of two lines: a subtitle of its own cannot be an expression.
        text=alt.ExprRef(f"['{_SIDES[side]}: ' + groups[run].name, {second_line}]"),
        color={"a": A_COLOR, "b": B_COLOR}[side],
        limit=alt.ExprRef("width"),
    )


def _tiles(base: alt.Chart, tooltip: list[alt.Tooltip], tile: int, lines: int) -> alt.LayerChart:
    """Pictures with text below, in as many columns as the width of the page allows."""
    most = f"max(1, floor(width / {tile}))"
    base = (
        base.transform_joinaggregate(last="max(position)")
        # Rows of equal length: ten pictures where seven have room stand in two rows of five.
        .transform_calculate(columns=f"ceil((datum.last + 1) / ceil((datum.last + 1) / {most}))")
        .transform_calculate(
            x=f"(datum.position % datum.columns + 0.5) * {tile}",
            row="floor(datum.position / datum.columns)",
        )
    )
    x = alt.X("x:Q", scale=None, axis=None)
    y = alt.Y("row:O", axis=None)
    pictures = base.mark_image(
        width=_PICTURE, height=_PICTURE, smooth=False, yOffset=-8 * lines
    ).encode(x=x, y=y, url="picture:N", tooltip=tooltip, description="text:N")
    texts = [
        base.mark_text(
            fontSize=11, yOffset=_PICTURE / 2 + 6 - 8 * lines + 13 * line, aria=False
        ).encode(x=x, y=y, text=f"{name}:N")
        for line, name in enumerate(("text", "sure")[:lines])
    ]
    return alt.layer(pictures, *texts).properties(height=alt.Step(_PICTURE + 20 + 16 * lines))


def _lambda_base() -> alt.Chart:
    return (
        alt.Chart(_table("metrics"))
        .transform_filter("groups[datum.group].task == groups[run_a].task")
        .transform_calculate(
            l2_lambda="groups[datum.group].l2_lambda",
            lambda_order="groups[datum.group].lambda_order",
            variant="groups[datum.group].variant",
            run="groups[datum.group].name",
        )
    )


def _lambda_layers(base: alt.Chart, value: str, color: alt.Color) -> alt.LayerChart:
    """Mean and range over the seeds, single runs, and marks where A and B are."""
    # Equally spaced, because lambda runs over powers of ten and zero.
    x = alt.X(
        "l2_lambda:O",
        title="λ (weight of the L2 term)",
        sort=alt.SortField("lambda_order"),
        axis=alt.Axis(labelAngle=0),
    )
    y = alt.Y(
        f"{value}:Q",
        title={"accuracy": "accuracy", "norm": "‖W‖"}[value],
        scale=alt.Scale(zero=value == "norm", nice=True),
        axis=alt.Axis(format=".3~f", tickCount=6),
    )
    shape = alt.Shape("variant:N", legend=alt.Legend(title=None, orient="bottom", symbolOpacity=1))
    tooltip = [
        alt.Tooltip("run:N"),
        alt.Tooltip("seed:N"),
        *([alt.Tooltip("split:N")] if value == "accuracy" else []),
        alt.Tooltip(f"{value}:Q", format=".4~f"),
        alt.Tooltip("file:N"),
    ]
    here = [
        # One rule for the group, not one for each of its runs: they would add up.
        base.transform_filter(f"datum.group == run_{side}")
        .transform_aggregate(n="count()", groupby=["l2_lambda", "lambda_order"])
        .mark_rule(strokeWidth=14, opacity=0.12, color=tone, aria=False)
        .encode(x=x)
        for side, tone in (("a", A_COLOR), ("b", B_COLOR))
    ]
    detail = alt.Detail("variant:N")
    band = base.mark_area(opacity=0.2, aria=False).encode(
        x=x,
        y=alt.Y(f"min({value}):Q", title=None),
        y2=alt.Y2(f"max({value})", title=None),
        color=color,
        detail=detail,
    )
    line = base.mark_line(strokeWidth=1.5).encode(
        x=x, y=alt.Y(f"mean({value}):Q", title=None), color=color, detail=detail
    )
    points = base.mark_point(size=50, filled=True, opacity=0.8).encode(
        x=x, y=y, color=color, shape=shape, tooltip=tooltip
    )
    return alt.layer(*here, band, line, points).properties(height=270)


def _finish(chart: alt.LayerChart) -> alt.LayerChart:
    """What all charts share: the width of their element, and sober lines and letters."""
    return (
        chart.properties(width="container")
        .configure(font="system-ui, sans-serif", padding=4)
        .configure_view(stroke=None)
        .configure_axis(
            gridOpacity=0.5, labelFontSize=11, titleFontSize=11, titleFontWeight="normal"
        )
        .configure_legend(labelFontSize=12)
        .configure_title(anchor="start", fontSize=13, subtitleFontSize=12, subtitleColor="#555")
    )

"""The explorer as one page that needs no network: charts, tables and libraries in one HTML file."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby
from string import Template

import altair as alt
import numpy as np
import vl_convert

from images.summary import class_counts, in_words, remarks
from plots.charts import all_charts
from plots.exploration import (
    Group,
    Predictions,
    confusion_rows,
    mistake_rows,
    weight_rows,
)

#: SVG is text that screen readers and tests can read. The menu saves a chart as a picture; its
#: other entries would open a page of the network. Vega warns of every layer without rows, as that
#: of the other runs is at first; of its messages only errors (level 1) are let through.
_EMBED_OPTIONS = {
    "renderer": "svg",
    "logLevel": 1,
    "actions": {"export": True, "source": False, "compiled": False, "editor": False},
}
#: Pictures of mistakes on the whole page, shared by the groups.
_MISTAKES = 1_000

_METRICS = (
    "steps",
    "train_accuracy",
    "validation_accuracy",
    "test_accuracy",
    "train_loss",
    "validation_loss",
    "test_loss",
    "weight_norm",
)


def explorer_page(
    template: str,
    groups: Sequence[Group],
    predictions: Sequence[Predictions],
    summaries: Sequence[dict],
) -> str:
    """Fill the template.

    Args:
        template: HTML with the placeholders of string.Template.
        groups: in the order in which they are offered.
        predictions: of the first run of each group, on the validation split.
        summaries: of the data sets, as `images.summary` makes them.
    """
    constants = [
        group_constants(group, of_group)
        for group, of_group in zip(groups, predictions, strict=True)
    ]
    seeds = max(len(group.runs) for group in groups)
    charts = all_charts(constants, max(len(group.classes) for group in groups))
    a, b = first_choice(groups)
    return Template(template).substitute(
        options_a=options(groups, a),
        options_b=options(groups, b),
        curves_note=_curves_note(seeds),
        data_sets="\n".join(map(data_set, summaries)),
        runs_table=runs_table(groups),
        bundle=vl_convert.javascript_bundle(),
        tables=_script_json(tables(groups, predictions)),
        charts=_script_json({name: compiled(chart) for name, chart in charts.items()}),
        embed_options=_script_json(_EMBED_OPTIONS),
    )


def compiled(chart: alt.TopLevelMixin) -> dict:
    """A chart as Vega, the assembly language of Vega-Lite, which a browser need not compile."""
    return vl_convert.vegalite_to_vega(chart.to_dict())


def group_constants(group: Group, predictions: Predictions) -> dict:
    """What all charts may want to say of a group."""
    accuracies = [run["validation_accuracy"] for run in group.runs]
    several = f" (seeds: {min(accuracies):.4f} to {max(accuracies):.4f})"
    return {
        "name": group.name,
        "task": group.task,
        "l2_lambda": group.l2_lambda,
        "lambda_order": float(group.l2_lambda),
        "variant": group.variant,
        "folder": f"results/runs/{group.runs[0]['folder']}",
        "steps": max(run["steps"] for run in group.runs),
        "seeds": len(group.runs),
        "accuracy": f"{accuracies[0]:.4f}" + several * (len(accuracies) > 1),
        "weight_limit": f"{np.abs(group.weights.matrix[:-1]).max():.2g}",
        "images": len(predictions.targets),
        "wrong": int(np.count_nonzero(predictions.predicted != predictions.targets)),
    }


def tables(groups: Sequence[Group], predictions: Sequence[Predictions]) -> dict[str, str]:
    """The rows behind the charts, as CSV by name; `group` is the number of the group."""
    mistakes = min(12, max(4, _MISTAKES // len(groups)))
    both = list(zip(groups, predictions, strict=True))
    return {
        "curves": to_csv(_numbered(group.curves for group in groups)),
        "metrics": to_csv(_numbered(map(_metric_rows, groups))),
        "weights": to_csv(_numbered(map(weight_rows, groups))),
        "confusion": to_csv(
            _numbered(confusion_rows(of_group, group.names) for group, of_group in both)
        ),
        "mistakes": to_csv(
            _numbered(
                mistake_rows(of_group, group, mistakes, f"{group.dataset}, validation")
                for group, of_group in both
            )
        ),
    }


def to_csv(rows: Iterable[dict]) -> str:
    """Rows with the same keys as CSV; floats with five significant digits, None as nothing."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for number, row in enumerate(rows):
        if number == 0:
            writer.writerow(row)
        writer.writerow(
            f"{value:.5g}" if isinstance(value, float) else value for value in row.values()
        )
    return buffer.getvalue()


def first_choice(groups: Sequence[Group]) -> tuple[int, int]:
    """Which groups to show at first: the ends of the task with the most groups."""
    by_task: dict[str, list[int]] = {}
    for number, group in enumerate(groups):
        by_task.setdefault(group.task, []).append(number)
    largest = max(by_task.values(), key=len)
    return largest[0], largest[-1]


def options(groups: Sequence[Group], chosen: int) -> str:
    """The groups as options of a select, the tasks as its optgroups."""
    lines = []
    for task, members in groupby(enumerate(groups), key=lambda pair: pair[1].task):
        lines.append(f'<optgroup label="{escape(task)}">')
        for number, group in members:
            selected = " selected" if number == chosen else ""
            lines.append(f'<option value="{number}"{selected}>{escape(group.name)}</option>')
        lines.append("</optgroup>")
    return "\n".join(lines)


def data_set(summary: dict) -> str:
    """What is in the splits of a data set, as HTML."""
    header, *rows = class_counts(summary)
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    lines = [
        f"<h3>{escape(summary['dataset'])}</h3>",
        f"<p>{escape(in_words(summary))}.</p>",
        "<table><caption>Images of each class in each split.</caption>",
        f"<thead><tr>{cells}</tr></thead>",
        "<tbody>",
    ]
    for name, *counts in rows:
        cells = "".join(f"<td>{escape(count)}</td>" for count in counts)
        lines.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    notes = "".join(f"<li>{escape(remark)}</li>" for remark in remarks(summary))
    return "\n".join([*lines, f"</tbody></table><ul>{notes}</ul>"])


def runs_table(groups: Sequence[Group]) -> str:
    """All groups as an HTML table: mean over the seeds, and the range where there are several."""
    names = ["task", "λ", "order", "seeds", *(name.replace("_", " ") for name in _METRICS), "files"]
    lines = [
        "<table><caption>Mean over the seeds and, of several, their range.</caption>",
        "<thead><tr>" + "".join(f'<th scope="col">{name}</th>' for name in names) + "</tr></thead>",
        "<tbody>",
    ]
    for group in groups:
        cells = [group.l2_lambda, group.variant, str(len(group.runs))]
        for name in _METRICS:
            layout = "{:.0f}" if name == "steps" else "{:.4f}"
            cells.append(mean_and_range([run[name] for run in group.runs], layout))
        cells.append(f"results/runs/{group.runs[0]['folder']}")
        lines.append(
            f'<tr><th scope="row">{escape(group.task)}</th>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            + "</tr>"
        )
    return "\n".join([*lines, "</tbody></table>"])


def mean_and_range(values: Sequence[float], layout: str) -> str:
    """The mean and, of several values, the smallest and the largest."""
    mean = layout.format(sum(values) / len(values))
    if len(values) == 1:
        return mean
    return f"{mean} ({layout.format(min(values))} to {layout.format(max(values))})"


def _metric_rows(group: Group) -> Iterable[dict]:
    for run in group.runs:
        yield {
            "seed": run["seed"],
            "training": run["train_accuracy"],
            "validation": run["validation_accuracy"],
            "test": run["test_accuracy"],
            "norm": run["weight_norm"],
            "file": f"results/runs/{run['folder']}/metrics.parquet",
        }


def _numbered(rows_of_groups: Iterable[Iterable[dict]]) -> Iterable[dict]:
    for number, rows in enumerate(rows_of_groups):
        for row in rows:
            yield {"group": number} | row


def _curves_note(seeds: int) -> str:
    note = "Solid: training (loss as mean of blocks of batches); dashed: validation."
    if seeds > 1:
        note += " Lines: the first seed; bands: the range over all seeds that got that far."
    return note


def _script_json(content: object) -> str:
    """JSON that can stand inside a script element."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("</", "<\\/")

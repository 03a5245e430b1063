"""The explorer as one page that needs no network: facts as JSON, arrays packed, and a script."""

import base64
import gzip
import json
from collections.abc import Sequence
from html import escape
from itertools import groupby
from string import Template

import numpy as np

from images.splits import Split
from images.summary import class_counts, in_words, remarks
from plots.exploration import (
    IMAGE_SHADES,
    NO_GUESS,
    ORDERS,
    WEIGHT_SHADES,
    Gallery,
    Group,
    Predictions,
    class_numbers,
    weight_pictures,
)
from plots.verdicts import tiles, verdicts
from runs.layout import in_digits

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
#: How the page's script calls the numbers behind the charts over lambda.
_OVER_LAMBDA = {
    "training": "train_accuracy",
    "validation": "validation_accuracy",
    "test": "test_accuracy",
    "norm": "weight_norm",
}


#: The page where no run has weights.
_EMPTY = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Explorer of the runs</title></head>
<body>
<h1>Explorer of the runs</h1>
<p>All trainings diverged: see results/sweep.md. A smaller learning_rate usually cures it.</p>
<h3>The data</h3>
{data_sets}
</body>
</html>
"""


class Pack:
    """Arrays in one string, and for each where it stands in it."""

    def __init__(self) -> None:
        """Nothing is packed yet."""
        self._bytes = bytearray()

    def add(self, values: np.ndarray) -> dict:
        """Append an array of uint8, uint32 or float32; return what the page's script needs."""
        data = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
        self._bytes += bytes(-len(self._bytes) % data.itemsize)
        place = {"type": data.dtype.name, "at": len(self._bytes), "shape": list(data.shape)}
        self._bytes += data.tobytes()
        return place

    def text(self) -> str:
        """All arrays, gzipped, as base64; the same arrays give the same text."""
        return base64.b64encode(gzip.compress(self._bytes, 6, mtime=0)).decode()


def explorer_page(
    template: str,
    script: str,
    groups: Sequence[Group],
    data: dict[str, tuple[Split, Gallery]],
    said: Sequence[Predictions],
    summaries: Sequence[dict],
    ledger: dict | None,
    diverged: Sequence[dict] = (),
) -> str:
    """Fill the template.

    Args:
        template: HTML with the placeholders of string.Template.
        script: JavaScript that draws the charts.
        groups: in the order in which they are offered.
        data: name of a data set -> its validation split, and the images shown of it.
        said: what the runs of each group say of the validation split of its data set.
        summaries: of the data sets, as `images.summary` makes them.
        ledger: results/claims.json; None if nothing is judged.
        diverged: the rows of the metrics of runs without weights.
    """
    data_sets = "\n".join(map(data_set, summaries))
    if not groups:
        return _EMPTY.format(data_sets=data_sets)
    pack = Pack()
    facts = {
        "shades": {
            "NO_GUESS": NO_GUESS,
            "WEIGHT_SHADES": WEIGHT_SHADES,
            "IMAGE_SHADES": IMAGE_SHADES,
        },
        "groups": [
            group_facts(group, predictions, *data[group.dataset], pack)
            for group, predictions in zip(groups, said, strict=True)
        ],
        "data": {name: data_facts(name, *of_data, pack) for name, of_data in data.items()},
        "first": dict(
            zip("ab", (groups[number].key for number in first_choice(groups)), strict=True)
        ),
    }
    return Template(template).substitute(
        tiles=tiles(ledger, groups) if ledger else "",
        verdicts=verdicts(ledger, groups) if ledger else "",
        options=options(groups),
        diverged=diverged_note(diverged),
        runs_table=runs_table(groups, diverged),
        data_sets=data_sets,
        facts=_script_json(facts),
        arrays=pack.text(),
        script=script,
    )


def group_facts(
    group: Group, said: Predictions, split: Split, gallery: Gallery, pack: Pack
) -> dict:
    """What the page's script knows of a group."""
    pictures, limits = weight_pictures(group)
    targets = class_numbers(group, split)
    return {
        "key": group.key,
        "name": group.name,
        "task": group.task,
        "lambda": group.l2_lambda,
        "variant": group.variant,
        "dataset": group.dataset,
        "names": group.names,
        "outputs": group.weights[0].names,
        "seeds": [run["seed"] for run in group.shown],
        "runs": len(group.runs),
        "folders": [f"results/runs/{run['folder']}" for run in group.shown],
        "over_lambda": {
            name: [run[column] for run in group.shown] for name, column in _OVER_LAMBDA.items()
        },
        "curves": {
            name: {
                "steps": pack.add(curves.steps.astype(np.uint32)),
                "values": pack.add(curves.values),
            }
            for name, curves in group.curves.items()
        },
        "weights": pack.add(pictures),
        "limits": limits.tolist(),
        "images": int(np.count_nonzero(targets != NO_GUESS)),
        "confusion": pack.add(said.confusion),
        "guess": pack.add(said.guess[gallery.rows]),
        "percent": pack.add(said.percent[gallery.rows]),
    }


def data_facts(name: str, split: Split, gallery: Gallery, pack: Pack) -> dict:
    """What the page's script knows of the images of a data set."""
    return {
        "source": f"{name}, validation image",
        "index": split.index[gallery.rows].tolist(),
        "labels": [split.name_of(label) for label in split.labels[gallery.rows].tolist()],
        "wrong": gallery.wrong,
        "pictures": pack.add(gallery.pictures),
    }


def first_choice(groups: Sequence[Group]) -> tuple[int, int]:
    """Which groups to show at first: the ends of the task with the most groups."""
    by_task: dict[str, list[int]] = {}
    for number, group in enumerate(groups):
        by_task.setdefault(group.task, []).append(number)
    largest = max(by_task.values(), key=len)
    return largest[0], largest[-1]


def options(groups: Sequence[Group]) -> str:
    """The groups as options of a select, the tasks as its optgroups."""
    lines = []
    for task, members in groupby(groups, key=lambda group: group.task):
        lines.append(f'<optgroup label="{escape(task)}">')
        lines += [
            f'<option value="{escape(group.key)}">{escape(group.name)}</option>'
            for group in members
        ]
        lines.append("</optgroup>")
    return "\n".join(lines)


def data_set(summary: dict) -> str:
    """What is in the splits of a data set, as HTML."""
    header, *rows = class_counts(summary)
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    lines = [
        f"<h4>{escape(summary['dataset'])}</h4>",
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


def diverged_note(rows: Sequence[dict]) -> str:
    """Which trainings diverged, as HTML; the table has them all."""
    if not rows:
        return ""
    named = [f"{row['task']}, λ = {row['spelling']}, seed {row['seed']}" for row in rows[:5]]
    more = f"; and {len(rows) - 5} more" if len(rows) > 5 else ""
    return (
        "<p>Diverged, with nothing to draw: "
        f"{escape('; '.join(named))}{more}."
        ' At which step, says the <a href="#numbers-table">table</a>.</p>'
    )


def runs_table(groups: Sequence[Group], diverged: Sequence[dict] = ()) -> str:
    """All groups as an HTML table: mean over the seeds, and the range where there are several.

    Runs that diverged follow, one a row.
    """
    names = ["task", "λ", "order", "seeds", *(name.replace("_", " ") for name in _METRICS), "files"]
    lines = [
        "<table><caption>Mean over the seeds and, of several, their range.</caption>",
        "<thead><tr>" + "".join(f'<th scope="col">{name}</th>' for name in names) + "</tr></thead>",
        "<tbody>",
    ]
    rows = []
    for group in groups:
        cells = [group.l2_lambda, group.variant, str(len(group.runs))]
        for name in _METRICS:
            digits = 0 if name == "steps" else 4
            cells.append(mean_and_range([run[name] for run in group.runs], digits))
        cells.append(f"results/runs/{group.runs[0]['folder']}")
        rows.append([group.task, *cells])
    for run in diverged:
        said = [f"diverged at step {run['steps']}", *["-"] * (len(_METRICS) - 1)]
        seed, folder = f"seed {run['seed']}", f"results/runs/{run['folder']}"
        rows.append([run["task"], run["spelling"], ORDERS[run["shuffle"]], seed, *said, folder])
    for task, *cells in rows:
        lines.append(
            f'<tr><th scope="row">{escape(task)}</th>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            + "</tr>"
        )
    return "\n".join([*lines, "</tbody></table>"])


def mean_and_range(values: Sequence[float], digits: int) -> str:
    """The mean and, of several values, the smallest and the largest."""
    mean = in_digits(sum(values) / len(values), digits)
    if len(values) == 1:
        return mean
    return f"{mean} ({in_digits(min(values), digits)} to {in_digits(max(values), digits)})"


def _script_json(content: object) -> str:
    """JSON that can stand inside a script element."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("</", "<\\/").replace("<!--", "<\\u0021--")

"""The sweep table: a row for each combination of settings, with mean and spread over its seeds."""

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa

from runs.grid import base_name
from runs.layout import in_digits
from runs.schemas import LISTS, MEASURED, METRICS_SCHEMA, SETTINGS

_COMBINATION = ("task", *SETTINGS, "l2_lambda", "shuffle")
#: Of the metrics, what a page has room for.
_SHOWN = ("validation_accuracy", "test_accuracy", "train_accuracy", "validation_loss", "steps")

SWEEP_SCHEMA = pa.schema(
    [
        *((n, pa.string() if n in LISTS else METRICS_SCHEMA.field(n).type) for n in _COMBINATION),
        ("seeds", pa.int64()),
        ("diverged", pa.int64()),
        *((name, pa.float64()) for n in MEASURED for name in (n, f"{n}_std")),
    ]
)


def sweep_table(
    metrics: pa.Table, class_names: dict[str, dict[int, str]], sort_by: Sequence[str]
) -> pa.Table:
    """Average over the seeds; what diverged is counted and not averaged.

    Args:
        metrics: of all runs, in the order of the config.
        class_names: what the labels of a data set are called, by its name.
        sort_by: columns, the first before the second; best first where it is an accuracy, else from
            small to large, and tasks as in the config.

    Returns:
        A table of SWEEP_SCHEMA; X is the mean of a metric, X_std the standard deviation of a sample
        (n - 1), null for a single seed.
    """
    rows = []
    runs = pd.DataFrame(metrics.to_pylist(), columns=metrics.column_names, dtype=object)
    runs["classes"] = [
        ", ".join(class_names[dataset][label] for label in labels)
        for dataset, labels in zip(runs["dataset"], runs["classes"], strict=True)
    ]
    runs["skip_batches"] = [", ".join(map(str, batches)) for batches in runs["skip_batches"]]
    for values, of_combination in runs.groupby(list(_COMBINATION), dropna=False, sort=False):
        ended = of_combination[of_combination["ended"] != "diverged"]
        numbers = ended[list(MEASURED)].astype(float)
        means, deviations = numbers.mean(), numbers.std(ddof=1)
        row = dict(zip(_COMBINATION, values, strict=True))
        row |= {"seeds": len(of_combination), "diverged": len(of_combination) - len(ended)}
        for name in MEASURED:
            row |= {name: means[name], f"{name}_std": deviations[name]}
        rows.append(row)
    table = pd.DataFrame(rows)
    if sort_by:
        keys = table.assign(task=pd.factorize(table["task"].map(base_name))[0])
        ascending = [not name.endswith("_accuracy") for name in sort_by]
        table = table.loc[keys.sort_values(list(sort_by), ascending=ascending, kind="stable").index]
    return pa.Table.from_pandas(table, SWEEP_SCHEMA, preserve_index=False).replace_schema_metadata()


def as_markdown(table: pa.Table) -> str:
    """The settings that differ, and mean ± standard deviation of the metrics that matter most."""
    frame = table.to_pandas()
    frame["task"] = frame["task"].map(base_name)
    settings = [n for n in _COMBINATION if n == "task" or frame[n].nunique(dropna=False) > 1]
    counts = ["seeds", *(["diverged"] if frame["diverged"].any() else [])]
    shown = {n.replace("_", " "): frame[n].map(_in_words) for n in settings}
    shown |= {n: frame[n] for n in counts}
    for name in _SHOWN:
        digits = 0 if name == "steps" else 4
        pairs = zip(frame[name], frame[f"{name}_std"], strict=True)
        shown[name.replace("_", " ")] = [_mean(mean, std, digits) for mean, std in pairs]
    return pd.DataFrame(shown).to_markdown(index=False, disable_numparse=True) + "\n"


def _in_words(value: object) -> str:
    if isinstance(value, float):
        return "never" if value != value else f"{value:g}"  # patience: the only null there is
    return str(value).replace("|", r"\|")  # of a class; it would begin another cell


def _mean(mean: float, deviation: float, digits: int) -> str:
    if mean != mean:
        return "-"
    spread = "" if deviation != deviation else f" ± {in_digits(deviation, digits)}"
    return f"{in_digits(mean, digits)}{spread}"

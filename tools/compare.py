"""Compare two results folders: settings, metrics with intervals over seeds, claims and figures.

    python tools/compare.py results ../other-branch/results --output compare.html
    python tools/compare.py HEAD~1 results

Writes one self-contained HTML page and prints a summary. A difference is always B minus A. In the
place of a folder a commit may stand; its results are computed in a worktree of it.
"""

import argparse
import math
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import stats

from compare_page import page

ROOT = Path(__file__).parents[1]
#: Where the commits lie whose results were asked for, each in a folder of its hash.
WORKTREES = ".commits"
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from common import cli  # noqa: E402
from common.errors import ReproductionError  # noqa: E402
from common.files import read_json, replace_atomically  # noqa: E402
from plots.exploration import ORDERS  # noqa: E402
from provenance.holding import add_config_option, held  # noqa: E402
from runs.schemas import COMBINATION_KEYS, SETTINGS  # noqa: E402

#: Columns that are measured, as far as both folders have them.
METRICS = (
    "validation_accuracy",
    "test_accuracy",
    "train_accuracy",
    "validation_loss",
    "test_loss",
    "train_loss",
    "weight_norm",
    "steps",
)
CONFIDENCE = 0.95


class CompareError(ReproductionError):
    """What was given cannot be compared; the message says why and what to do."""


class Results(NamedTuple):
    """What one results folder holds.

    Attributes:
        folder: the folder itself.
        groups: (task, lambda, shuffle) -> seed -> row of metrics.parquet.
        config: dotted place -> value of the config.yaml beside the folder; empty if there is none.
        claims: id -> entry of claims.json; empty if the run has none.
        figures: name -> PNG.
        curves: (task, lambda, shuffle) -> steps and mean over the seeds of the validation accuracy.
    """

    folder: Path
    groups: dict[tuple, dict[int, dict]]
    config: dict[str, object]
    claims: dict[str, dict]
    figures: dict[str, bytes]
    curves: dict[tuple, tuple[np.ndarray, np.ndarray]]


class Difference(NamedTuple):
    """How one metric of one group differs.

    Attributes:
        group: (task, lambda, shuffle).
        metric: one of METRICS.
        a: mean over the seeds in common, or over all where there are none in common.
        b: the same of the other folder.
        difference: b - a.
        low, high: its confidence interval; None if too few seeds for one.
        seeds: how many seeds it rests on, in words.
        verdict: "identical", "within chance", "differs", or "differs, no interval".
        changes: of each seed in common, b - a.
    """

    group: tuple
    metric: str
    a: float
    b: float
    difference: float
    low: float | None
    high: float | None
    seeds: str
    verdict: str
    changes: list[float]


def folder_of(name: str) -> Path:
    """A folder of that name, or else a worktree of the commit of that name, with its results.

    What has been computed there before is not computed again.

    Raises:
        CompareError: there is no such folder or commit, its run failed, or somebody has edited it.
    """
    if Path(name).is_dir():
        return Path(name)
    git = ["git", "-C", str(ROOT)]
    found = subprocess.run(
        [*git, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        raise CompareError(
            f"{name}: no such folder, and no commit; name the results folder of a finished run"
        )
    commit = found.stdout.strip()
    folder = ROOT / WORKTREES / commit
    if not folder.is_dir():
        command = [*git, "worktree", "add", "--quiet", "--detach", str(folder), commit]
        if subprocess.run(command, check=False).returncode:
            raise CompareError(f"{name}: git made no worktree of it at {folder}")
    elif edited := edited_in(folder, commit):
        raise CompareError(
            f"{folder} is not {name} any more, by {', '.join(edited)}; undo that there, or "
            f"`git worktree remove --force {folder}` and compare again"
        )
    # The variables of the `make` that calls this are not meant for the other one.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    command = ["make", "--no-print-directory", "-C", str(folder), "reproduce"]
    if subprocess.run(command, env=environment, check=False).returncode:
        raise CompareError(f"{name}: its run failed; see {folder / 'results' / 'logs'}")
    return folder


def edited_in(folder: Path, commit: str) -> list[str]:
    """Files of a worktree that are not those of a commit, without what git ignores.

    Raises:
        CompareError: git does not know the folder, as of a project that was moved.
    """
    names = []
    for command in (
        ["diff", "--name-only", commit],
        ["ls-files", "--others", "--exclude-standard"],
    ):
        git = ["git", "-C", str(folder), *command]
        listing = subprocess.run(git, capture_output=True, text=True, check=False)
        if listing.returncode:
            raise CompareError(f"{folder}: no worktree that git knows; remove it and compare again")
        names += listing.stdout.splitlines()
    return names


def read_results(folder: Path, config_files: Sequence[str] = ("config.yaml",)) -> Results:
    """Read a results folder, or the one inside a project's folder.

    Args:
        folder: of results, or of a project.
        config_files: of the run, in the folder of the project.

    Raises:
        ReproductionError: there are no results, or not those of one whole run.
    """
    if not (folder / "metrics.parquet").is_file() and (folder / "results").is_dir():
        folder = folder / "results"
    path = folder / "metrics.parquet"
    if not path.is_file():
        raise CompareError(
            f"{folder}: has no metrics.parquet, so it holds no finished results; run "
            "`make reproduce` there first"
        )
    # Not of where a link leads: results may lie on another disk than their project.
    project = folder.absolute().parent
    manifest, config = held(folder, config_files, project, project.resolve() == ROOT.resolve())
    # What an earlier config left lies beside them.
    made = manifest["products"]
    try:
        rows = pq.read_table(path).to_pylist()
        groups: dict[tuple, dict[int, dict]] = {}
        for row in rows:
            groups.setdefault(tuple(row[key] for key in COMBINATION_KEYS), {})[row["seed"]] = row
        ledger = read_json(folder / "claims.json") if "claims.json" in made else {}
        entries = [*ledger.get("statements", []), *ledger.get("questions", [])]
        by_id = {entry["id"]: entry for entry in entries}
        images = sorted(folder / name for name in made if Path(name).match("figures/*.png"))
        figures = {path.stem: path.read_bytes() for path in images}
        curves = read_curves(folder / "history.parquet")
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CompareError(
            f"{folder}: not readable as results ({error!r}); make it anew"
        ) from error
    return Results(folder, groups, dict(flattened(config)), by_id, figures, curves)


def read_curves(path: Path) -> dict[tuple, tuple[np.ndarray, np.ndarray]]:
    """Mean over the seeds of the validation accuracy of each group, by step, if there is a file."""
    if not path.is_file():
        return {}
    chosen = [("split", "=", "validation"), ("metric", "=", "accuracy")]
    table = pq.read_table(path, columns=[*COMBINATION_KEYS, "step", "value"], filters=chosen)
    means = table.group_by([*COMBINATION_KEYS, "step"]).aggregate([("value", "mean")])
    means = means.sort_by([(key, "ascending") for key in (*COMBINATION_KEYS, "step")])
    curves: dict[tuple, list] = {}
    for row in means.to_pylist():
        group = tuple(row[key] for key in COMBINATION_KEYS)
        curves.setdefault(group, []).append((row["step"], row["value_mean"]))
    return {group: tuple(np.array(points).T) for group, points in curves.items()}


def flattened(value: object, place: str = "") -> Iterator[tuple[str, object]]:
    """The leaves of nested mappings by dotted place; a list is a leaf."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from flattened(inner, f"{place}.{key}" if place else str(key))
    elif place:
        yield place, value


def edits(a: Results, b: Results) -> list[tuple[str, str, str]]:
    """(place, value in A, value in B) of what was set differently, each edit once.

    What tasks take from one another by the anchors of YAML is one edit with several places. What
    the runs say of themselves counts only where the configs do not say it.
    """
    places = dict.fromkeys([*a.config, *b.config]) if a.config and b.config else {}
    pairs = [(place, a.config.get(place, ""), b.config.get(place, "")) for place in places]
    for group in a.groups.keys() & b.groups.keys():
        of_a, of_b = (next(iter(side.groups[group].values())) for side in (a, b))
        task = group[0].partition("/")[0]
        pairs += [
            (place, of_a[name], of_b[name])
            for name in SETTINGS
            if name in of_a.keys() & of_b.keys() and (place := f"tasks.{task}.{name}") not in places
        ]
    found: dict[tuple, dict[str, None]] = {}
    for place, one, other in pairs:
        if one != other:
            name = place.rpartition(".")[2]
            found.setdefault((name, str(one), str(other)), {})[place] = None
    return [(", ".join(sorted(names)), one, other) for (_, one, other), names in found.items()]


def only_in(one: Results, other: Results) -> list[str]:
    """Runs of one folder that the other has not, the seeds of a group in one line."""
    lines = []
    for group, seeds in one.groups.items():
        missing = sorted(seeds.keys() - other.groups.get(group, {}).keys())
        if missing:
            lines.append(f"{group_name(group)}: seed {shortened(missing)}")
    return lines


def shortened(numbers: Sequence[int]) -> str:
    """Ascending numbers with runs of them as ranges: 0, 2 to 5."""
    parts = []
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        parts.append(f"{members[0]} to {members[-1]}" if len(members) > 1 else f"{members[0]}")
    return ", ".join(parts)


def group_name(group: tuple) -> str:
    """A group of runs in words."""
    task, l2_lambda, shuffle = group
    return f"{task}, λ = {l2_lambda:g}, {ORDERS[str(shuffle).lower()]}"


def differences(a: Results, b: Results) -> list[Difference]:
    """All metrics of all groups that both folders have, in the order of A."""
    return [
        difference
        for group in a.groups
        if group in b.groups
        for metric in METRICS
        if (difference := compare_metric(group, metric, a.groups[group], b.groups[group]))
    ]


def compare_metric(group: tuple, metric: str, a: dict, b: dict) -> Difference | None:
    """Compare one metric over the seeds of one group.

    Args:
        group: names it.
        metric: a column of the metrics.
        a: seed -> row of metrics.
        b: the same of the other folder.

    Returns:
        None if the metric is missing on a side. Otherwise the mean of the differences of the seeds
        in common with the interval of a paired t-test; without a seed in common the difference of
        the means with Welch's interval.
    """
    of_a, of_b = ({seed: row.get(metric) for seed, row in rows.items()} for rows in (a, b))
    if None in [*of_a.values(), *of_b.values()]:
        return None
    common = sorted(of_a.keys() & of_b.keys())
    changes = np.zeros(0)
    if common:
        one, other = (np.array([side[seed] for seed in common], float) for side in (of_a, of_b))
        changes = other - one
        low, high = paired_interval(changes)
        verdict = judge(low, high, identical=not changes.any())
        seeds = f"{len(common)} in common"
    else:
        one, other = (np.array(list(side.values()), float) for side in (of_a, of_b))
        low, high = welch_interval(one, other)
        verdict = judge(low, high, identical=False)
        seeds = f"{len(one)} against {len(other)}"
    a_mean, b_mean = float(one.mean()), float(other.mean())
    return Difference(
        group, metric, a_mean, b_mean, b_mean - a_mean, low, high, seeds, verdict, changes.tolist()
    )


def judge(low: float | None, high: float | None, identical: bool) -> str:
    """What an interval says of a difference."""
    if identical:
        return "identical"
    if low is None:
        return "differs, no interval"
    return "within chance" if low <= 0 <= high else "differs"


def paired_interval(changes: np.ndarray) -> tuple[float, float] | tuple[None, None]:
    """Confidence interval of the mean of float64 (n,), by Student's t; none for n = 1."""
    n = len(changes)
    if n < 2:
        return None, None
    half = stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * changes.std(ddof=1) / math.sqrt(n)
    return float(changes.mean() - half), float(changes.mean() + half)


def welch_interval(a: np.ndarray, b: np.ndarray) -> tuple[float, float] | tuple[None, None]:
    """Confidence interval of mean(b) - mean(a) of independent samples; none for a single value."""
    if min(len(a), len(b)) < 2:
        return None, None
    if not a.std() and not b.std():
        return (float(b.mean() - a.mean()),) * 2
    interval = stats.ttest_ind(b, a, equal_var=False).confidence_interval(CONFIDENCE)
    return float(interval.low), float(interval.high)


def claim_differences(a: Results, b: Results) -> list[tuple[str, str, str, str]]:
    """(id, claim, verdict in A, verdict in B) where the verdicts differ."""
    ids = dict.fromkeys([*a.claims, *b.claims]) if a.claims and b.claims else {}
    rows = []
    for name in ids:
        sides = [side.claims.get(name, {}) for side in (a, b)]
        text = next(side["says"] for side in sides if side)
        verdicts = [side.get("verdict", "not judged") for side in sides]
        if verdicts[0] != verdicts[1]:
            rows.append((name, text, *verdicts))
    return rows


def headline(edited: Sequence, found: Sequence[Difference], claims: Sequence) -> str:
    """What changed, in a sentence or two: edits, the largest effect, verdicts."""
    differ = [one for one in found if "differs" in one.verdict]
    parts = [f"{len(edited) or 'no'} setting{'s' * (len(edited) != 1)} edited"]
    if not found:
        parts.append("no runs in common")
    else:
        parts.append(f"{len(differ) or 'none'} of {len(found)} metrics differ")
    parts.append(f"{len(claims) or 'no'} verdict{'s' * (len(claims) != 1)} changed")
    text = f"{', '.join(parts).capitalize()}."
    # Units differ, so that the largest is that of the first metric in which anything differs.
    for metric in METRICS:
        of_metric = [one for one in differ if one.metric == metric]
        if of_metric:
            largest = max(of_metric, key=lambda one: abs(one.difference))
            return f"{text} Largest effect: {described(largest)}."
    return text


def summary(
    a: Results, b: Results, edited: list[tuple], found: list[Difference], output: Path
) -> str:
    """What the terminal shows."""
    claims = claim_differences(a, b)
    lines = [f"A: {a.folder} ({count_runs(a)} runs)", f"B: {b.folder} ({count_runs(b)} runs)", ""]
    lines += [headline(edited, found, claims), ""]
    differ = [described(one) for one in found if "differs" in one.verdict]
    for title, entries in (
        ("Settings that differ", [f"{place}: {one} -> {other}" for place, one, other in edited]),
        ("Runs in A only", only_in(a, b)),
        ("Runs in B only", only_in(b, a)),
        ("Metrics that differ", differ),
        ("Verdicts that differ", [f"{name}: {one} -> {other}" for name, _, one, other in claims]),
    ):
        if entries:
            lines += [f"{title}: {len(entries)}", *(f"  {entry}" for entry in entries[:12])]
        if len(entries) > 12:
            lines.append(f"  ... and {len(entries) - 12} more")
    lines.append(f"All of it, figures side by side: {output}")
    return "\n".join(lines)


def described(one: Difference) -> str:
    """A difference in one line."""
    line = f"{group_name(one.group)}: {one.metric} {one.a:.5g} -> {one.b:.5g} "
    line += f"({one.difference:+.3g}"
    if one.low is not None:
        line += f", interval {one.low:+.3g} to {one.high:+.3g}"
    return line + ")"


def count_runs(results: Results) -> int:
    """Runs of all groups together."""
    return sum(map(len, results.groups.values()))


def main() -> None:
    """Read the command line, compare, write the page and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("a", help="a results folder, a project's folder with one, or a commit")
    parser.add_argument("b", help="another one")
    parser.add_argument("--output", type=Path, default=Path("compare.html"), help="the page")
    add_config_option(parser)
    arguments = parser.parse_args()
    a, b = (read_results(folder_of(side), arguments.config) for side in (arguments.a, arguments.b))
    found, edited, claims = differences(a, b), edits(a, b), claim_differences(a, b)
    content = page(
        labels=(f"{a.folder} ({count_runs(a)} runs)", f"{b.folder} ({count_runs(b)} runs)"),
        headline=headline(edited, found, claims),
        edits=edited,
        only=(only_in(a, b), only_in(b, a)),
        metrics=[one._replace(group=group_name(one.group)) for one in found],
        claims=claims if a.claims and b.claims else None,
        curves=[
            (group_name(group), a.curves[group], b.curves[group])
            for group in a.curves
            if group in b.curves
        ],
        figures=(a.figures, b.figures),
    )
    with replace_atomically(arguments.output) as temporary:
        temporary.write_text(content, encoding="utf-8")
    print(summary(a, b, edited, found, arguments.output))


if __name__ == "__main__":
    cli.run(main)

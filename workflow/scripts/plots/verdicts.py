"""The verdicts as HTML: tiles with their counts, and a row for each statement to be unfolded."""

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from common.printed import in_print
from plots.exploration import Group
from runs.schemas import COMBINATION_KEYS

#: Form alone tells the marks apart, as in the scorecard.
MARKS = {
    "reproduced": "●",
    "yes": "●",
    "proved": "●",
    "not reproduced": "✕",
    "no": "✕",
    "refuted": "✕",
    "depends on the reading": "◐",
    "not decidable": "○",
    "not testable": "\N{EN DASH}",
    "not applicable": "|",
    "measured": "◆",
    "empty": "○",
    "definition": "≔",
}


def tiles(ledger: dict, groups: Sequence[Group]) -> str:
    """Counts of the verdicts on the report's statements, each a button that shows only these."""
    counts = ledger["counts"]["statements"]
    judged = {verdict: n for verdict, n in counts.items() if n and verdict != "definition"}
    lines = [
        f'<button type="button" class="tile" data-verdict="{verdict}" aria-pressed="false">'
        f"<b>{n}</b> {_mark(verdict)} {verdict}</button>"
        for verdict, n in judged.items()
    ]
    equations = ledger["counts"]["equations"]
    proved, refuted = equations.get("proved", 0), equations.get("refuted", 0)
    runs = sum(len(group.runs) for group in groups)
    if ledger["equations"]:
        lines.append(
            f'<a class="tile" href="#equations"><b>{proved}</b> equations proved,'
            f" {refuted} refuted</a>"
        )
    lines.append(f'<a class="tile" href="#runs"><b>{runs}</b> trainings behind it</a>')
    of_report = f"<p>Of {sum(judged.values())} statements of the report:</p>" if judged else ""
    return f'{of_report}<div class="tiles">{"".join(lines)}</div>'


def verdicts(ledger: dict, groups: Sequence[Group]) -> str:
    """Statements of the report and questions of ours by section, then the equations."""
    of_report = bool(ledger["statements"])
    title = "What holds of the report" if of_report else "Questions of our own"
    return "\n".join(
        [
            '<section id="scorecard" aria-labelledby="scorecard-title">',
            f'<h2 id="scorecard-title">{title}</h2>',
            "<p>Each statement opens its readings, with what was measured and the runs behind it."
            f" {ledger['counts']['statements'].get('definition', 0)} definitions are not judged."
            '<span id="filtered" role="status"></span></p>'
            if of_report
            else "",
            '<div class="statements">',
            *_entries(ledger, ledger["statements"], groups),
            "</div>",
            "<h3>Questions of our own</h3>" if ledger["questions"] and of_report else "",
            '<div class="statements">',
            *(_entry(entry, groups) for entry in ledger["questions"]),
            "</div>",
            *_equations(ledger["equations"]),
            "</section>",
        ]
    )


def _entries(ledger: dict, entries: Sequence[dict], groups: Sequence[Group]) -> Iterator[str]:
    judged = [entry for entry in entries if entry["verdict"] != "definition"]
    for section, members in groupby(judged, key=lambda entry: entry["section"]):
        title = ledger["sections"].get(section, "")
        yield f'<div class="group"><h3>{escape(f"{section} {title}")}</h3>'
        yield from (_entry(entry, groups) for entry in members)
        yield "</div>"


def _entry(entry: dict, groups: Sequence[Group]) -> str:
    verdict = entry["verdict"]
    # The prefix keeps a claim called `accuracy` from taking the place of the chart.
    parts = [
        f'<details class="entry" id="claim-{escape(entry["id"])}" data-verdict="{verdict}">'
        f"<summary>{_mark(verdict)} <span>{_words(entry['says'])}</span>"
        f' <span class="verdict">{verdict}</span></summary>'
    ]
    parts += [f"<p>{_words(entry[key])}</p>" for key in ("answer", "why") if entry.get(key)]
    for reading in entry["readings"]:
        parts.append(
            f"<p>{_mark(reading['verdict'])} <b>{_words(reading['reading'])}</b> "
            f"{_words(reading['explanation'])} Runs: "
            + "; ".join(_evidence(line, groups) for line in reading["evidence"])
            + ".</p>"
        )
    return "".join([*parts, "</details>"])


def _evidence(line: str, groups: Sequence[Group]) -> str:
    """Where a number stands, as a link to the equation, or to the runs in the charts."""
    if equation := re.fullmatch(r"results/equations\.json: number=(\d+)", line):
        return f'<a href="#equation-{equation[1]}"><code>{escape(line)}</code></a>'
    behind = groups_behind(line, groups)
    if not behind:
        return f"<code>{escape(line)}</code>"
    ends = dict(zip("ab", dict.fromkeys([behind[0].key, behind[-1].key]), strict=False))
    address = "&".join(f"{side}={key}" for side, key in ends.items())
    return f'<a href="#{escape(address)}"><code>{escape(line)}</code></a>'


def groups_behind(line: str, groups: Sequence[Group]) -> list[Group]:
    """The groups of runs that a line of evidence speaks of, by its task, lambda and shuffle."""
    if of_folder := re.search(r"results/runs/(\S+)/seeds-", line):
        return [group for group in groups if group.key == of_folder[1]]
    named = {key: value.split("|") for key, value in re.findall(r"(\w+)=([^,;\s]+)", line)}
    if of_task := re.match(r"results/(?:optimum|gradients)/([^/:\s]+)[/.]", line):
        named["task"] = [of_task[1]]
    if "task" not in named:
        return []
    combinations = [(group.task, group.l2_lambda, group.runs[0]["shuffle"]) for group in groups]
    return [
        group
        for group, combination in zip(groups, combinations, strict=True)
        if all(
            value in named.get(key, [value])
            for key, value in zip(COMBINATION_KEYS, combination, strict=True)
        )
    ]


def _equations(equations: Sequence[dict]) -> Iterator[str]:
    if not equations:
        return
    yield '<details id="equations"><summary>All equations</summary><div class="wide" role="region"'
    yield ' aria-label="Equations" tabindex="0"><table><thead><tr><th scope="col">number</th>'
    yield '<th scope="col">verdict</th><th scope="col">what it says</th></tr></thead><tbody>'
    for one in equations:
        says = " ".join(filter(None, (one["says"], one["erratum"])))
        yield (
            f'<tr id="equation-{one["number"]}"><th scope="row">({one["number"]})</th>'
            f"<td>{_mark(one['verdict'])} {one['verdict']}</td><td>{_words(says)}</td></tr>"
        )
    yield "</tbody></table></div></details>"


def _words(words: str) -> str:
    return escape(in_print(words))


def _mark(verdict: str) -> str:
    return f'<span class="mark" aria-hidden="true" data-verdict="{verdict}">{MARKS[verdict]}</span>'

"""The page of a comparison: plain HTML and CSS, pictures inside, no script, no network."""

import base64
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby
from string import Template

import numpy as np

_PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'unsafe-inline'; img-src data:">
<title>Two results compared</title>
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff; --line: #c9c9c9; --shade: #fdeee3;
  --faint: #595959; --a: #0065a3; --b: #a84300; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececec; --paper: #16181b; --line: #4a4d52;
  --shade: #3a2a1d; --faint: #b3b3b3; --a: #63b8ee; --b: #f39a55; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1200px; padding: 0 1rem 3rem;
  font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.6rem; margin-bottom: 0; }
h2 { font-size: 1.2rem; margin-top: 2rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.2rem 0 .2rem; }
p { max-width: 52rem; overflow-wrap: anywhere; }
.top { font-size: 1.15rem; }
b.a, b.b { padding: 0 .45rem; border-radius: .2rem; color: var(--paper); background: var(--a); }
b.b { background: var(--b); }
table { margin-bottom: .8rem; border-collapse: collapse; font-size: .9rem; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid var(--line); text-align: left;
  overflow-wrap: anywhere; }
td { font-variant-numeric: tabular-nums; }
tr.differs td { background: var(--shade); }
tr.differs td:last-child { font-weight: bold; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr));
  gap: 1rem; }
figure { margin: 0; break-inside: avoid; }
img { max-width: 100%; background: #fff; }
svg { display: block; max-width: 100%; height: auto; }
svg text { font-size: 11px; fill: var(--faint); }
.axis { stroke: var(--faint); }
path.a, path.b { fill: none; stroke: var(--a); stroke-width: 1.5; }
path.b { stroke: var(--b); stroke-dasharray: 5 3; }
.change { stroke: var(--ink); stroke-width: 2; }
circle { fill: var(--b); fill-opacity: .6; }
:focus-visible { outline: 3px solid var(--ink); }
/* A row becomes a block of lines, each with the name of its column. */
@media (max-width: 700px) {
  table, tbody, tr, td { display: block; }
  thead { position: absolute; clip-path: inset(50%); }
  tr { padding: .4rem 0; border-bottom: 1px solid var(--line); }
  td { display: grid; grid-template-columns: 7rem 1fr; padding: 0 .3rem; border: 0; }
  td::before { content: attr(data-name); color: var(--faint); }
}
</style>
</head>
<body>
<main>
<h1>Two results compared</h1>
<p><b class="a">A</b> $a<br><b class="b">B</b> $b</p>
<p class="top">$headline</p>
<h2>Settings</h2>
$edits
<h2>Runs</h2>
$runs
<h2>Metrics</h2>
$metrics
<h2>Curves</h2>
$curves
<h2>Claims</h2>
$claims
<h2>Figures</h2>
$figures
</main>
</body>
</html>
""")


class _Picture(str):
    """SVG of ours, which goes into the page as it is."""


def page(
    labels: tuple[str, str],
    headline: str,
    edits: Sequence[tuple],
    only: tuple[Sequence[str], Sequence[str]],
    metrics: Sequence,
    claims: Sequence[tuple] | None,
    curves: Sequence[tuple],
    figures: tuple[dict[str, bytes], dict[str, bytes]],
) -> str:
    """Put a comparison into one HTML page.

    Args:
        labels: how A and B are called.
        headline: what changed, in words.
        edits: (places in the config, in A, in B).
        only: the runs that A alone has, and those that B alone has.
        metrics: differences with the attributes group, metric, a, b, difference, low, high, seeds,
            verdict and changes.
        claims: (id, claim, verdict in A, verdict in B); None unless both have claims.
        curves: (group, (steps, values) of A, the same of B), float64 (points,) each.
        figures: name -> PNG, of A and of B.
    """
    without = "No verdict differs." if claims is not None else "Not both have claims."
    return _PAGE.substitute(
        a=escape(labels[0]),
        b=escape(labels[1]),
        headline=escape(headline),
        edits=table(["place in the config", "A", "B"], edits, "None differs."),
        runs=_runs(only, bool(metrics)),
        metrics="\n".join(_metrics(metrics)),
        curves=_curves(curves),
        claims=table(["id", "claim", "A", "B"], claims or (), without),
        figures="\n".join(_figures(*figures)),
    )


def table(
    names: Sequence[str], rows: Iterable[Sequence], nothing: str, marked: Sequence[bool] = ()
) -> str:
    """An HTML table, or a sentence if it has no rows.

    Args:
        names: of the columns.
        rows: any values; all but pictures of ours are escaped here.
        nothing: the sentence.
        marked: which rows stand out; none by default.
    """
    lines = []
    for number, row in enumerate(rows):
        style = ' class="differs"' if number < len(marked) and marked[number] else ""
        cells = "".join(
            f'<td data-name="{escape(name)}">'
            f"{value if isinstance(value, _Picture) else escape(str(value))}</td>"
            for name, value in zip(names, row, strict=True)
        )
        lines.append(f"<tr{style}>{cells}</tr>")
    if not lines:
        return f"<p>{nothing}</p>"
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _runs(only: tuple[Sequence[str], Sequence[str]], common: bool) -> str:
    rows = [("A", run) for run in only[0]] + [("B", run) for run in only[1]]
    return table(["only in", "runs"], rows, "Both have the same runs." if common else "No runs.")


def _metrics(differences: Sequence) -> Iterator[str]:
    """A table for each group of runs that has anything to show."""
    shown = [one for one in differences if one.verdict != "identical"]
    if not differences:
        yield "<p>They have no metrics of the same runs, so there is nothing to compare.</p>"
        return
    if not shown:
        yield f"<p>All {len(differences)} metrics that both have are identical.</p>"
        return
    yield (
        "<p>Differences are B minus A. Runs with the same seed are compared in pairs. An interval "
        "holds the true difference with 95% confidence (Student's t), so about one in twenty "
        "leaves zero out by chance alone. In the pictures a point is a seed, the bar the interval, "
        "and the line zero; metrics of one kind share a scale. Identical and not listed: "
        f"{len(differences) - len(shown)} of {len(differences)}.</p>"
    )
    names = ["metric", "A", "B", "difference", "interval", "picture", "seeds", "verdict"]
    for group, members in groupby(shown, key=lambda one: one.group):
        of_group = list(members)
        yield f"<h3>{escape(group)}</h3>"
        yield table(
            names,
            [
                (
                    one.metric.replace("_", " "),
                    f"{one.a:.6g}",
                    f"{one.b:.6g}",
                    f"{one.difference:+.4g}",
                    "" if one.low is None else f"{one.low:+.4g} to {one.high:+.4g}",
                    _change(one, _reach(one.metric, shown)),
                    one.seeds,
                    one.verdict,
                )
                for one in of_group
            ],
            "",
            ["differs" in one.verdict for one in of_group],
        )


def _reach(metric: str, differences: Sequence) -> float:
    """The largest absolute number in the pictures of a metric."""
    of_metric = [one for one in differences if one.metric == metric]
    ends = [end for one in of_metric for end in (one.low, one.high, one.difference, *one.changes)]
    return max(abs(end) for end in ends if end is not None) or 1.0


def _change(one, reach: float) -> _Picture:
    """A difference about zero: the seeds as points, the interval as a bar."""
    low, high = (one.low, one.high) if one.low is not None else (one.difference,) * 2
    x = [75 + 70 * value / reach for value in (low, high)]
    points = "".join(
        f'<circle cx="{75 + 70 * change / reach:.1f}" cy="8" r="2.5"/>' for change in one.changes
    )
    return _Picture(
        '<svg width="150" height="16" viewBox="0 0 150 16" aria-hidden="true">'
        f'<line class="axis" x1="75" x2="75" y1="0" y2="16"/>{points}'
        f'<line class="change" x1="{x[0] - 1:.1f}" x2="{x[1] + 1:.1f}" y1="8" y2="8"/></svg>'
    )


def _curves(curves: Sequence[tuple]) -> str:
    """The validation accuracy of both, one over the other, where they differ."""
    pictures = []
    for group, a, b in curves:
        if not (np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1])):
            pictures.append(
                f"<figure><figcaption>{escape(group)}</figcaption>{_overlaid(group, a, b)}</figure>"
            )
    if not curves:
        return "<p>They have no curves of the same runs.</p>"
    if not pictures:
        return f"<p>All {len(curves)} that both have are identical.</p>"
    return (
        "<p>Validation accuracy by step, mean over the seeds: A solid, B dashed. Identical and not "
        f"shown: {len(curves) - len(pictures)} of {len(curves)}.</p>"
        f'<div class="pair">{"".join(pictures)}</div>'
    )


def _overlaid(group: str, a: tuple, b: tuple) -> str:
    width, height, left, top = 420, 180, 44, 8
    last = max(a[0][-1], b[0][-1], 1)
    # How the trainings begin would leave no height for how they end.
    settled = [values[steps >= 0.1 * steps[-1]] for steps, values in (a, b)]
    low, high = min(map(np.min, settled)), max(map(np.max, settled))
    low, high = (low, high) if high > low else (low - 0.01, high + 0.01)

    def path(steps: np.ndarray, values: np.ndarray) -> str:
        keep = np.unique(np.linspace(0, len(steps) - 1, 150).astype(int))
        xs = (width - left) * steps[keep] / last
        ys = np.maximum(-5 * height, (height - 30) * (high - values[keep]) / (high - low))
        return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))

    ends = ((top + 8, f"{high:.4g}"), (height - 22, f"{low:.4g}"))
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="Validation accuracy of A and B by step: {escape(group)}">'
        + "".join(f'<text x="0" y="{y}">{text}</text>' for y, text in ends)
        + f'<text x="{width}" y="{height - 4}" text-anchor="end">step {last:,.0f}</text>'
        f'<svg x="{left}" y="{top}" width="{width - left}" height="{height - 30}">'
        f'<path class="a" d="{path(*a)}"/><path class="b" d="{path(*b)}"/></svg></svg>'
    )


def _figures(a: dict[str, bytes], b: dict[str, bytes]) -> Iterator[str]:
    """Both pictures of each figure that differs; of the others the names."""
    names = sorted(a.keys() | b.keys())
    same = [name for name in names if a.get(name) == b.get(name)]
    for name in names:
        if name not in same:
            yield f"<h3>{escape(name)}</h3>"
            sides = [("A", a.get(name)), ("B", b.get(name))]
            yield f'<div class="pair">{"".join(_picture(name, *side) for side in sides)}</div>'
    if same:
        yield (
            f"<details><summary>{len(same)} of {len(names)} are the same to the byte</summary>"
            f"<p>{escape(', '.join(same))}</p></details>"
        )
    if not names:
        yield "<p>Neither has figures.</p>"


def _picture(name: str, side: str, image: bytes | None) -> str:
    if image is None:
        return f"<p>{side} has no {escape(name)}.</p>"
    data = base64.b64encode(image).decode()
    alt = escape(f"{name} of {side}")
    return (
        f"<figure><figcaption>{side}</figcaption>"
        f'<img src="data:image/png;base64,{data}" alt="{alt}" loading="lazy"></figure>'
    )

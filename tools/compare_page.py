"""The page of a comparison: plain HTML and CSS, pictures inside, no script, no network."""

import base64
from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby
from string import Template

_PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'unsafe-inline'; img-src data:">
<title>Two results compared</title>
<style>
:root { --a: #0072B2; --b: #B84D00; color-scheme: light; }
body { margin: 0 auto; max-width: 1200px; padding: 0 1rem 3rem;
  font: 16px/1.5 system-ui, sans-serif; color: #222; }
h1 { font-size: 1.6rem; margin-bottom: 0; }
h2 { font-size: 1.2rem; margin-top: 2rem; border-bottom: 1px solid #ddd; }
h3 { font-size: 1rem; margin: 1.2rem 0 .2rem; }
b.a, b.b { padding: 0 .45rem; border-radius: .2rem; color: #fff; background: var(--a); }
b.b { background: var(--b); }
.wide { overflow-x: auto; }
table { margin-bottom: .8rem; border-collapse: collapse; font-size: .9rem; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid #ddd; text-align: left; }
td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
tr.differs td { background: #fdeee3; }
tr.differs td:last-child { font-weight: bold; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr));
  gap: 1rem; }
figure { margin: 0; }
img { max-width: 100%; }
:focus-visible { outline: 3px solid #111; }
</style>
</head>
<body>
<h1>Two results compared</h1>
<p><b class="a">A</b> $a<br><b class="b">B</b> $b</p>
<main>
<h2>Settings</h2>
$settings
<h2>Runs</h2>
$runs
<h2>Metrics</h2>
<p>Differences are B minus A. Runs with the same seed are compared in pairs. An interval holds the
true difference with 95&nbsp;% confidence (Student's t), so about one in twenty leaves zero out by
chance alone. Identical metrics are not listed: $identical of $total.</p>
$metrics
<h2>Claims</h2>
$claims
<h2>Figures</h2>
$figures
</main>
</body>
</html>
""")


def page(
    labels: tuple[str, str],
    settings: Sequence[tuple],
    config: Sequence[tuple],
    only: tuple[Sequence[str], Sequence[str]],
    metrics: Sequence,
    claims: Sequence[tuple],
    figures: tuple[dict[str, bytes], dict[str, bytes]],
) -> str:
    """Put a comparison into one HTML page.

    Args:
        labels: how A and B are called.
        settings: (task, setting, in A, in B) of what the runs were trained with.
        config: (place, in A, in B) of the config files.
        only: the runs that A alone has, and those that B alone has.
        metrics: differences with the attributes group, metric, a, b, difference, low, high, seeds
            and verdict.
        claims: (id, claim, verdict in A, verdict in B).
        figures: name -> PNG, of A and of B.
    """
    shown = [one for one in metrics if one.verdict != "identical"]
    return _PAGE.substitute(
        a=escape(labels[0]),
        b=escape(labels[1]),
        settings=table(["task", "setting", "A", "B"], settings, "All runs were trained alike.")
        + (table(["place in config.yaml", "A", "B"], config, "") if config else ""),
        runs=_runs(only),
        identical=len(metrics) - len(shown),
        total=len(metrics),
        metrics="\n".join(_metrics(shown)),
        claims=table(["id", "claim", "A", "B"], claims, "No verdict differs."),
        figures="\n".join(_figures(*figures)),
    )


def table(
    names: Sequence[str], rows: Iterable[Sequence], nothing: str, marked: Sequence[bool] = ()
) -> str:
    """An HTML table that scrolls on its own if it is wide, or a sentence if it has no rows.

    Args:
        names: of the columns.
        rows: any values; they are escaped here.
        nothing: the sentence.
        marked: which rows stand out; none by default.
    """
    lines = []
    for number, row in enumerate(rows):
        style = ' class="differs"' if number < len(marked) and marked[number] else ""
        cells = "".join(f"<td>{escape(str(value))}</td>" for value in row)
        lines.append(f"<tr{style}>{cells}</tr>")
    if not lines:
        return f"<p>{nothing}</p>"
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(names[0])}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _runs(only: tuple[Sequence[str], Sequence[str]]) -> str:
    rows = [("A", run) for run in only[0]] + [("B", run) for run in only[1]]
    return table(["only in", "runs"], rows, "Both have the same runs.")


def _metrics(differences: Sequence) -> Iterable[str]:
    """A table for each group of runs that has anything to show."""
    names = ["metric", "A", "B", "difference", "interval", "seeds", "verdict"]
    for group, members in groupby(differences, key=lambda one: one.group):
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
                    one.seeds,
                    one.verdict,
                )
                for one in of_group
            ],
            "",
            ["differs" in one.verdict for one in of_group],
        )
    if not differences:
        yield "<p>All metrics that both have are identical.</p>"


def _figures(a: dict[str, bytes], b: dict[str, bytes]) -> Iterable[str]:
    """Both pictures of each figure, or one if they are the same to the byte."""
    for name in sorted(a.keys() | b.keys()):
        same = a.get(name) == b.get(name)
        yield f"<h3>{escape(name)}{': identical' if same else ''}</h3>"
        sides = [("A and B", a[name])] if same else [("A", a.get(name)), ("B", b.get(name))]
        yield '<div class="pair">' + "".join(_picture(name, *side) for side in sides) + "</div>"
    if not a and not b:
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

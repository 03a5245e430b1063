"""Turn Snakemake's graph of the rules into one that is read from top to bottom, stage by stage.

    snakemake --rulegraph --quiet -- all | python tools/rulegraph.py | dot -Tsvg

Arrows that others imply are left out, as is `all`, which needs everything.
"""

import re
import sys
from pathlib import Path

RULES = Path(__file__).parents[1] / "workflow" / "rules"

#: Stages in the order of the data's way, with what they are about.
STAGES = {
    "data": "data",
    "train": "training",
    "claims": "measuring and judging",
    "report": "what people read",
    "provenance": "what tools certify",
}

Edges = set[tuple[str, str]]


def edges_of(graph: str) -> Edges:
    """The arrows (from, to) of a graph in DOT as Snakemake writes it, by the names of the rules."""
    names = dict(re.findall(r"(\d+)\[label = \"(\w+)\"", graph))
    arrows = re.findall(r"(\d+) -> (\d+)", graph)
    return {(names[start], names[end]) for start, end in arrows if names[end] != "all"}


def reduced(edges: Edges) -> Edges:
    """The arrows that no longer way implies; the graph has no circle."""
    after: dict[str, set[str]] = {}
    for start, end in edges:
        after.setdefault(start, set()).add(end)

    def reached(start: str) -> set[str]:
        return {end for one in after.get(start, ()) for end in {one, *reached(one)}}

    implied = {(start, end) for start in after for one in after[start] for end in reached(one)}
    return edges - implied


def stages() -> dict[str, str]:
    """Rule -> stage, the file that it stands in."""
    return {
        rule: file.stem
        for file in RULES.glob("*.smk")
        for rule in re.findall(r"^rule (\w+):", file.read_text(encoding="utf-8"), re.MULTILINE)
    }


def drawn(edges: Edges) -> str:
    """The arrows as a graph in DOT, with a box around the rules of each stage."""
    rules = {rule for edge in edges for rule in edge}
    stage_of = stages()
    lines = [
        "digraph rules {",
        'graph [fontname="Helvetica", fontsize=12, nodesep=0.3, ranksep=0.45, newrank=true];',
        'node [fontname="Helvetica", fontsize=12, shape=box, style="filled,rounded",'
        ' fillcolor=white, color="#555555"];',
        'edge [color="#555555", arrowsize=0.7];',
    ]
    for stage, title in STAGES.items():
        inside = " ".join(f'"{rule}";' for rule in sorted(rules) if stage_of[rule] == stage)
        lines.append(
            f'subgraph cluster_{stage} {{ label="{title} ({stage}.smk)"; labeljust=l; style=filled;'
            f' color="#eef2f5"; {inside} }}'
        )
    lines += [f'"{start}" -> "{end}";' for start, end in sorted(edges)]
    return "\n".join([*lines, "}"])


def main() -> None:
    """Read a graph, write the other."""
    print(drawn(reduced(edges_of(sys.stdin.read()))))


if __name__ == "__main__":
    main()

"""Put all runs into one page to look around in."""

import argparse
from pathlib import Path

from common import cli
from common.files import noted, read_json, replace_atomically
from plots.exploration import gallery, predict, read_groups
from plots.page import explorer_page
from runs.results import Results


def main() -> None:
    """Read the command line, read all runs, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True, help="folder of all results")
    parser.add_argument("--runs", nargs="+", required=True, help="folders of the runs in it")
    parser.add_argument("--claims", type=Path, nargs="?", help="the verdicts, if there are any")
    parser.add_argument("--summaries", type=Path, nargs="+", required=True, help="of the data sets")
    parser.add_argument("--template", type=Path, required=True, help="HTML with placeholders")
    parser.add_argument("--script", type=Path, required=True, help="JavaScript of the page")
    parser.add_argument("--output", type=Path, required=True, help="the page")
    arguments = parser.parse_args()
    results = Results(arguments.results, arguments.runs)
    groups = read_groups(results)
    data, said = {}, {}
    datasets = dict.fromkeys(group.dataset for group in groups)
    for dataset in datasets:
        members = {number: one for number, one in enumerate(groups) if one.dataset == dataset}
        split = results.split(members[min(members)].runs[0], "validation")
        predictions = predict([*members.values()], split)
        said |= dict(zip(members, predictions, strict=True))
        data[dataset] = (split, gallery([*members.values()], predictions, split, len(datasets)))
    page = explorer_page(
        noted(arguments.template).read_text(encoding="utf-8"),
        noted(arguments.script).read_text(encoding="utf-8"),
        groups,
        data,
        [said[number] for number in range(len(groups))],
        [read_json(path) for path in arguments.summaries],
        read_json(arguments.claims) if arguments.claims else None,
        [row for row in results.rows if row["ended"] == "diverged"],
    )
    with replace_atomically(arguments.output) as temporary:
        temporary.write_text(page, encoding="utf-8")
    print(f"{arguments.output}: {len(groups)} groups of runs, {len(page.encode()) / 1e6:.1f} MB")


if __name__ == "__main__":
    cli.run(main)

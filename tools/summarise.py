"""Say where the results are, how the tables compare with the report, how its statements fared."""

import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from common.files import read_json  # noqa: E402
from pipeline.doubts import doubts_in_words  # noqa: E402
from pipeline.leftovers import left_over_in_words  # noqa: E402
from pipeline.project import name_and_version  # noqa: E402

RESULTS = Path("results")


def diverged() -> str:
    """Which trainings have no numbers, because they diverged; nothing if none did."""
    rows = pq.read_table(RESULTS / "metrics.parquet", columns=["task", "ended"]).to_pylist()
    failed = Counter(row["task"] for row in rows if row["ended"] == "diverged")
    if not failed:
        return ""
    tasks = ", ".join(f"{task} ({count})" for task, count in failed.items())
    return f"{failed.total()} of {len(rows)} trainings diverged: {tasks}."


if __name__ == "__main__":
    # Of this config; results of an earlier one may still lie beside them.
    lines = (RESULTS / "products.txt").read_text(encoding="utf-8").splitlines()
    products = [Path(line.split(" ", 1)[1]) for line in lines]
    figures = [path for path in products if path.match("figures/*.png")]
    count = f"{len(figures)} figure" + "s" * (len(figures) != 1)
    print(f"\nResults of {name_and_version()}: {count} in results/figures/, tables in")
    print("results/tables/, all runs in results/metrics.parquet and results/history.parquet.")
    if failed := diverged():
        print(failed)
    if words := doubts_in_words(products):
        print(words)
    for file, what in (("report.pdf", "the report"), ("explorer.html", "to look around in")):
        if RESULTS / file in products:
            print(f"results/{file}: {what}.")
    for table in products:
        if table.match("tables/*.md"):
            name = table.stem.replace("_", " ").capitalize()
            print(f"\n{name}, the report's numbers and ours:\n")
            print(table.read_text(encoding="utf-8"))
    if RESULTS / "claims.md" in products:
        print(read_json(RESULTS / "claims.json")["headline"])
        print("Each with its numbers and reasons: results/claims.md")
    if stale := left_over_in_words(RESULTS, {*products}):
        print(f"\n{stale}")

"""What an earlier config made and the present one does not: it lies beside the new results."""

import os
from collections.abc import Collection
from pathlib import Path

#: Of every run, whatever its config: told by times, not by products.
_RECORDS = ("logs", "benchmarks")
_ABOUT_THE_RUN = ("manifest.json", "environment.json", "products.txt")
#: What `make compare` writes if not told where.
_BESIDE_THE_RUN = ("compare.html",)
_SHOWN = 8


def left_over(results: Path, products: Collection[Path]) -> list[Path]:
    """Files of a folder of results that are none of these products, nor belong to a run of them.

    Raw files stay as long as a split is made of them; so do files that are being written.
    """
    datasets = {path.parent for path in products if path.match("data/*/*.parquet")}
    return [
        path
        for path in sorted(results.rglob("*"))
        if path.is_file()
        and path not in products
        and path.relative_to(results).parts[0] not in (*_RECORDS, *_ABOUT_THE_RUN, *_BESIDE_THE_RUN)
        and not (path.parent.name == "raw" and path.parent.parent in datasets)
        and not path.name.startswith(".")
    ]


def in_utf8(path: Path) -> str:
    """A path to print; what is not UTF-8 in it is told by question marks."""
    return os.fsencode(path).decode("utf-8", "replace")


def left_over_in_words(results: Path, products: Collection[Path]) -> str:
    """What to say of it at the end of a run; nothing if there is none."""
    paths = left_over(results, products)
    if not paths:
        return ""
    names = ", ".join(map(in_utf8, paths[:_SHOWN]))
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return (
        f"Of an earlier config, or asked for by name: {names}{more}. "
        "`make clean-stale` lists them all, and removes them if told to."
    )

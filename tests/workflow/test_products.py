"""What a whole run leaves behind, held to the contracts."""

import zipfile
from pathlib import Path

import pyarrow.parquet as pq

from runs.schemas import HISTORIES_SCHEMA, HISTORY_SCHEMA, METRICS_SCHEMA, WEIGHTS_SCHEMA

RUN = "runs/softmax/lambda-0.001/shuffle-true/seeds-0-1"


def test_figures_and_tables_are_there_in_every_format(finished):
    figures = {path.name for path in (finished.results / "figures").iterdir()}
    assert figures >= {f"figure_{n:02}.{f}" for n in range(1, 11) for f in ("png", "svg", "pdf")}
    assert {"table_1.csv", "table_1.md"} <= {
        p.name for p in (finished.results / "tables").iterdir()
    }


def test_tables_have_the_columns_of_the_contract(finished):
    for file, schema in {
        "metrics.parquet": METRICS_SCHEMA,
        "history.parquet": HISTORIES_SCHEMA,
        f"{RUN}/history.parquet": HISTORY_SCHEMA,
        f"{RUN}/weights.parquet": WEIGHTS_SCHEMA,
    }.items():
        assert pq.read_schema(finished.results / file).equals(schema), file


def test_splits_are_the_rows_of_the_source_that_the_config_names(finished):
    folder = finished.results / "data" / "mnist"
    rows = {
        split: pq.read_table(folder / f"{split}.parquet").column("index").to_pylist()
        for split in ("train", "validation", "test")
    }
    assert rows == {
        "train": list(range(600)),
        "validation": list(range(400)),
        "test": list(range(600, 800)),
    }


def test_the_rows_of_a_job_are_in_the_metrics_of_all(finished):
    of_job = pq.read_table(finished.results / RUN / "metrics.parquet").to_pylist()
    rows = pq.read_table(finished.results / "metrics.parquet").to_pylist()
    assert [row["seed"] for row in of_job] == [0, 1]
    assert all(row in rows for row in of_job)


def test_a_second_run_has_nothing_to_do(finished):
    assert "Nothing to be done" in finished.snakemake()


def test_products_name_no_place_and_no_time(finished):
    for name, content in finished.contents().items():
        assert str(finished.folder).encode() not in content, name


def test_snakemakes_own_report_has_the_captions(checkout):
    checkout.snakemake("--report", "report.zip")
    with zipfile.ZipFile(checkout.folder / "report.zip") as archive:
        text = "".join(
            archive.read(name).decode(errors="ignore")
            for name in archive.namelist()
            if "html" in name
        )
        files = {Path(name).name for name in archive.namelist()}
    assert "norm of the weights" in text and "Figures" in text
    # Verdicts are shown, as pictures and a document, and not offered to be loaded down.
    assert "what the report says" in text and "what we ask" in text
    assert {"statements.png", "questions.png", "report.pdf"} <= files
    assert "claims.md" not in files

"""The manifest, the verdict of `make verify`, and the crate of a finished run."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile

import pyarrow.parquet as pq
import pytest

from common.files import write_parquet

MANIFEST = "manifest.json"


def tool(checkout, name: str, *arguments: str) -> tuple[int, str]:
    """Run a tool of the project in a checkout; return its exit code and all it printed."""
    process = subprocess.run(
        [sys.executable, f"tools/{name}", *arguments],
        cwd=checkout.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return process.returncode, process.stdout


@pytest.fixture
def expecting(checkout):
    """A checkout that expects its own results."""
    assert tool(checkout, "verify.py", "--renew")[0] == 0
    return checkout


def change_weights(checkout, factor: float) -> str:
    """Change the weights of one run and let the manifest describe that; return the product."""
    path = next(checkout.results.glob("runs/softmax/lambda-0/*/seed-0/weights.parquet"))
    table = pq.read_table(path)
    weights = table.column("weight").to_numpy() * factor
    write_parquet(table.set_column(2, table.schema.field(2), [weights]), path)
    product = str(path.relative_to(checkout.folder))
    manifest = json.loads((checkout.results / MANIFEST).read_text())
    manifest["products"][product]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (checkout.results / MANIFEST).write_text(json.dumps(manifest))
    return product


def test_every_product_is_in_the_manifest_with_its_hash(finished):
    products = json.loads((finished.results / MANIFEST).read_text())["products"]
    contents = finished.contents()
    for name, entry in products.items():
        content = contents.pop(name.removeprefix("results/"))
        assert entry["sha256"] == hashlib.sha256(content).hexdigest(), name
    assert all(
        re.match(r"data/\w+/raw/|(manifest|environment)\.json$|products\.txt$", name)
        for name in contents
    )


def test_the_manifest_says_how_a_product_was_made(finished):
    manifest = json.loads((finished.results / MANIFEST).read_text())
    products = manifest["products"]
    summary = "results/runs/softmax/lambda-0.001/shuffle-true/seed-0/summary.json"
    entry = products[summary]
    assert entry["rule"] == "train"
    assert entry["parameters"]["learning-rate"] == "0.01"
    assert entry["parameters"]["l2-lambda"] == "0.001"
    train = "results/data/mnist/train.parquet"
    assert entry["inputs"][train] == products[train]["sha256"]
    code = manifest["sources"]["train"]
    script = finished.folder / "workflow/scripts/train.py"
    assert code["workflow/scripts/train.py"] == hashlib.sha256(script.read_bytes()).hexdigest()


def test_an_edit_of_code_that_changes_no_product_renews_the_manifest(checkout):
    checkout.edit("workflow/scripts/table.py", "import argparse", "import argparse  # edited")
    checkout.snakemake()
    sources = json.loads((checkout.results / MANIFEST).read_text())["sources"]["table"]
    script = checkout.folder / "workflow/scripts/table.py"
    assert sources["workflow/scripts/table.py"] == hashlib.sha256(script.read_bytes()).hexdigest()


def test_the_same_results_are_bit_identical(expecting):
    code, output = tool(expecting, "verify.py")
    assert code == 0 and "Verdict: bit-identical." in output


def test_other_last_bits_are_equal_within_tolerance(expecting):
    product = change_weights(expecting, 1 + 1e-12)
    code, output = tool(expecting, "verify.py")
    assert code == 0 and "1 equal within tolerance" in output
    assert f"Largest difference: {product}, weight[" in output
    assert "Verdict: equal within 1e-06 relative or 1e-09 absolute." in output


def test_the_first_product_that_diverges_is_named_with_its_difference(expecting):
    product = change_weights(expecting, 1.001)
    code, output = tool(expecting, "verify.py")
    assert code == 1 and f"The first in order of the DAG: {product} is different" in output
    assert re.search(r"Largest difference: weight\[\d+\]: .* expected, .* found", output)
    assert "Upstream of it nothing differs" in output


def test_what_lies_upstream_of_a_divergence_is_named(expecting):
    expecting.set_config("tasks.softmax.learning_rate", 0.02)
    expecting.snakemake()
    code, output = tool(expecting, "verify.py")
    assert code == 1 and "The first in order of the DAG: results/runs/softmax" in output
    assert "parameter learning-rate: '0.01' expected, '0.02' found" in output


def test_bytes_that_change_after_the_run_are_damage(expecting):
    figure = expecting.results / "figures" / "figure_01.png"
    figure.write_bytes(figure.read_bytes()[:-1])
    code, output = tool(expecting, "verify.py")
    assert code == 1 and "figure_01.png is damaged" in output
    assert "Delete it and run `make reproduce`" in output


def test_a_missing_product_is_named(expecting):
    (expecting.results / "metrics.parquet").unlink()
    code, output = tool(expecting, "verify.py")
    assert code == 1 and "metrics.parquet is missing" in output


def test_verify_without_a_run_says_what_to_do(fresh):
    code, output = tool(fresh, "verify.py")
    assert code == 1 and "run `make reproduce` first" in output and "Traceback" not in output


def test_the_crate_holds_what_it_describes(checkout):
    config = ["--config", "config.yaml", "tests/config.tiny.yaml"]
    code, output = tool(checkout, "crate.py", *config)
    assert code == 0, output
    with zipfile.ZipFile(checkout.folder / "reproduction.crate.zip") as archive:
        graph = json.loads(archive.read("ro-crate-metadata.json"))["@graph"]
        entities = {entity["@id"]: entity for entity in graph}
        assert len(entities) == len(graph)
        packed = [entity for entity in graph if "sha256" in entity and "://" not in entity["@id"]]
        for entity in packed:
            if entity["@type"] == "File":
                content = archive.read(entity["@id"])
                assert hashlib.sha256(content).hexdigest() == entity["sha256"], entity["@id"]
    action = next(entity for entity in graph if entity["@type"] == "CreateAction")
    results = {reference["@id"] for reference in action["result"]}
    products = json.loads((checkout.results / MANIFEST).read_text())["products"]
    assert results >= set(products)
    assert entities["#value-tasks.softmax.learning_rate"]["value"] == 0.01
    assert all(reference["@id"] in entities for reference in action["object"])


@pytest.mark.chaos
def test_another_core_type_of_the_blas_is_equal_within_tolerance(fresh, expecting):
    """The real thing: all products computed by the kernels of another processor."""
    environment = json.loads((expecting.results / "environment.json").read_text())
    here = {library["core_type"] for library in environment["blas"]}
    other = next(core for core in ("Haswell", "SandyBridge", "Nehalem") if core not in here)
    fresh.environment["OPENBLAS_CORETYPE"] = other
    fresh.snakemake()
    expected = fresh.folder / "tests" / "expected"
    shutil.copytree(expecting.folder / "tests" / "expected", expected, dirs_exist_ok=True)
    code, output = tool(fresh, "verify.py")
    assert code == 0, output
    assert other in output and "Verdict: equal within" in output
    print(output)

"""The manifest of a finished run, and the tools that certify: they hold every file to it first."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml

from common.files import write_parquet
from pipeline.rules import RULES, code_behind

MANIFEST = "manifest.json"
CONFIG = ["config.yaml", "tests/config.tiny.yaml"]


def tool(checkout, name: str, *arguments: str) -> tuple[int, str]:
    """Run a tool of the project in a checkout; return its exit code and all it printed."""
    command = [sys.executable, f"tools/{name}", *arguments, "--config", *CONFIG]
    process = subprocess.run(
        command, cwd=checkout.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert "Traceback" not in process.stdout, process.stdout
    return process.returncode, process.stdout


def manifest_of(checkout) -> dict:
    return json.loads((checkout.results / MANIFEST).read_text())


@pytest.fixture
def expecting(checkout):
    """A checkout that expects its own results."""
    shutil.rmtree(checkout.folder / "tests" / "expected")
    code, output = tool(checkout, "verify.py", "--renew")
    assert code == 0, output
    return checkout


def expect_other_metrics(checkout, factor: float) -> None:
    """Expect other metrics than those that are there, as another machine may have given them."""
    expected = checkout.folder / "tests" / "expected"
    metrics = pd.read_csv(expected / "metrics.csv")
    metrics["weight_norm"] *= factor
    metrics.to_csv(expected / "metrics.csv", index=False)
    sums = (expected / "SHA256SUMS").read_text()
    changed = re.sub(r"\w{64}(  runs/softmax/.*metrics.parquet\n)", "0" * 64 + r"\1", sums)
    assert changed != sums
    (expected / "SHA256SUMS").write_text(changed)


def test_every_product_is_in_the_manifest_with_its_hash_and_rule(finished):
    products, seals = (manifest_of(finished)[kind] for kind in ("products", "seals"))
    contents = finished.contents()
    digests = {name: entry["sha256"] for name, entry in products.items()} | seals
    for name, digest in digests.items():
        assert digest == hashlib.sha256(contents.pop(name)).hexdigest(), name
    assert all(
        re.match(r"data/\w+/raw/|(manifest|environment)\.json$|products\.txt$", name)
        for name in contents
    )
    assert products["metrics.parquet"]["rule"] == "collect"
    assert products["figures/figure_01.png"]["stage"] == "report"


def test_no_job_reads_what_does_not_run_it_again(finished):
    """Otherwise a change of it would be refused, but not cured by another run."""
    products = {f"results/{name}" for name in manifest_of(finished)["products"]}
    for path in (finished.results / "seals").rglob("*.json"):
        rule = path.relative_to(finished.results / "seals").parts[0].removesuffix(".json")
        code = code_behind(f"{rule}.py", finished.folder / "workflow" / "scripts")
        named = {str(file.relative_to(finished.folder)) for file in code} | {*RULES[rule].files}
        named |= {"tests/claims.tiny.yaml"} if rule == "claims" else set()
        assert {*json.loads(path.read_text())["inputs"]} <= named | products, rule


def test_nothing_needs_snakemakes_own_records(checkout):
    """They may be deleted, cleaned up, or kept in a database: nothing is computed again."""
    before = checkout.contents()
    names = [
        str(path.relative_to(checkout.folder))
        for path in checkout.results.glob("runs/**/*.parquet")
    ]
    checkout.snakemake("--cleanup-metadata", *names)
    assert checkout.planned() == {}
    shutil.rmtree(checkout.folder / ".snakemake")
    shutil.rmtree(checkout.folder / ".cache")
    assert checkout.planned() == {}
    (checkout.results / MANIFEST).unlink()
    output = checkout.snakemake("--persistence-backend", "db")
    assert "(Rule: train)" not in output
    assert checkout.contents() == before


def test_a_job_whose_seal_is_gone_runs_again(checkout):
    """Otherwise the manifest would miss the seal for good, with nothing to do."""
    (checkout.results / "seals" / "equations.json").unlink()
    assert "equations" in checkout.planned()


def test_an_edit_of_code_that_changes_no_product_renews_the_manifest(checkout):
    before = manifest_of(checkout)
    checkout.edit("workflow/scripts/table.py", "import argparse", "import argparse  # edited")
    code, output = tool(checkout, "verify.py")
    assert code == 1 and "rule table: its code changed after the run" in output
    checkout.snakemake()
    after = manifest_of(checkout)
    assert after["products"] == before["products"]
    assert [r for r in after["rules"] if after["rules"][r] != before["rules"][r]] == ["table"]


def test_another_version_of_a_package_reruns_what_computes_with_it(checkout):
    checkout.edit(
        "workflow/scripts/pipeline/imports.py",
        "return found.version",
        'return "0.1" if distribution == "scipy" else found.version',
    )
    planned = checkout.planned()
    assert planned["optimum"] >= 2 and not {"train", "prepare", "download"} & set(planned)
    code, output = tool(checkout, "verify.py")
    assert code == 1 and "rule optimum: its software changed after the run, scipy: " in output


def test_the_same_results_are_bit_identical(expecting):
    code, output = tool(expecting, "verify.py")
    assert code == 0 and "Comparison: bit-identical." in output
    lines = sum(
        len(path.read_text().splitlines())
        for path in (expecting.folder / "tests" / "expected").iterdir()
    )
    assert lines < 400


def test_other_last_bits_are_equal_within_tolerance(expecting):
    expect_other_metrics(expecting, 1 + 1e-9)
    code, output = tool(expecting, "verify.py")
    assert code == 0 and "Largest difference: metrics, " in output and "weight_norm" in output
    assert "Comparison: equal within 1e-06 relative or 1e-09 absolute, in the numbers" in output


def test_weights_of_another_run_are_different_though_all_metrics_are_equal(expecting):
    expected = expecting.folder / "tests" / "expected"
    contents = pd.read_csv(expected / "contents.csv")
    weights = contents["file"].str.match("runs/softmax/lambda-1/.*weights")
    contents.loc[weights, "mean"] += 0.1
    contents.to_csv(expected / "contents.csv", index=False)
    sums = (expected / "SHA256SUMS").read_text()
    changed = re.sub(r"\w{64}(  runs/softmax/lambda-1/.*weights)", "0" * 64 + r"\1", sums)
    (expected / "SHA256SUMS").write_text(changed)
    code, output = tool(expecting, "verify.py")
    assert code == 1 and "largest difference: contents, runs/softmax/lambda-1/" in output


def test_what_is_computed_in_another_way_is_not_called_equal(expecting):
    """No table that is compared has all the numbers of these products."""
    sums = expecting.folder / "tests" / "expected" / "SHA256SUMS"
    sums.write_text(re.sub(r"\w{64}(  identifiability)", "0" * 64 + r"\1", sums.read_text()))
    code, output = tool(expecting, "verify.py")
    assert code == 1 and "with identifiability.csv (2 in all); made in another way" in output
    path = expecting.folder / "tests" / "expected" / "environment.json"
    path.write_text(path.read_text().replace("CPython", "Python"))
    code, output = tool(expecting, "verify.py")
    assert code == 0 and "Not compared" in output and "2 products beside them, identif" in output


def test_a_product_that_nobody_expects_is_named(expecting):
    sums = expecting.folder / "tests" / "expected" / "SHA256SUMS"
    sums.write_text(re.sub(r"\w{64}  figures/figure_01.png\n", "", sums.read_text()))
    code, output = tool(expecting, "verify.py")
    assert code == 1 and "1 products are not expected, one of them figures/figure_01" in output


def test_what_another_config_made_gets_no_manifest(checkout):
    """Without Snakemake's records, as of results that were copied from another clone."""
    checkout.set_config("tasks.logistic-every-step.learning_rate", 0.02)
    checkout.set_config("data.mnist.splits.test.count", 150)
    checkout.set_config("tables.table_1.reported.epochs", "34")
    shutil.rmtree(checkout.folder / ".snakemake")
    assert checkout.planned() == {}
    code, output = tool(checkout, "verify.py")
    assert code == 1 and "Delete results/manifest.json, results/products.txt and" in output
    (checkout.results / MANIFEST).unlink()
    assert "products.txt: not of the config of now; delete it" in checkout.snakemake(check=False)
    (checkout.results / "products.txt").unlink()
    named = refused(checkout)
    assert {name.removeprefix("results/seals/").removesuffix(".json") for name in named} == {
        "prepare/mnist",
        "train/logistic-every-step/lambda-0/shuffle-false/seeds-0-0",
        "integrity",
        "identifiability",
        "claims",
        "table/table_1",
        "report_pdf",
    }
    cured(checkout, named)
    assert tool(checkout, "verify.py", "--renew")[0] == 0


def change(path, column: str) -> None:
    """Change a column of numbers by hand, a little."""
    table = pq.read_table(path)
    position = table.schema.get_field_index(column)
    changed = pc.multiply(table.column(position), 1 + 1e-12)
    write_parquet(table.set_column(position, table.schema.field(position), changed), path)


def refused(checkout) -> set[str]:
    """Run to the end, where no manifest is written; return what is to be deleted."""
    output = checkout.snakemake(check=False)
    assert not (checkout.results / MANIFEST).exists()
    (listed,) = re.findall(r"left them:\n(.*?)\nDelete what is named", output, re.DOTALL)
    return {line.partition(": ")[0].strip() for line in listed.splitlines()}


def cured(checkout, named: set[str]) -> dict[str, bytes]:
    """Delete what a refusal names and run again; return all products."""
    for name in named:
        (checkout.folder / name).unlink()
    checkout.snakemake()
    assert checkout.planned() == {}
    return checkout.contents()


@pytest.mark.chaos
def test_what_was_changed_by_hand_is_refused_until_it_is_made_anew(checkout):
    before = checkout.contents()
    leaf, metrics = (checkout.results / name for name in ("tables/table_1.csv", "metrics.parquet"))
    shutil.copy2(metrics, checkout.folder / "kept")
    leaf.write_text(leaf.read_text().replace("0", "1", 1))
    change(metrics, "weight_norm")
    assert refused(checkout) == {"results/tables/table_1.csv", "results/metrics.parquet"}
    # Put back as it was, in its times too; but by now others are made of the changed one.
    shutil.copy2(checkout.folder / "kept", metrics)
    named = refused(checkout)
    assert named > {"results/tables/table_1.csv", "results/seals/sweep_table.json"}
    assert cured(checkout, named) == before


@pytest.mark.chaos
def test_a_changed_split_is_refused_with_all_that_was_trained_on_it(checkout):
    before = checkout.contents()
    path = checkout.results / "data" / "mnist" / "train.parquet"
    table = pq.read_table(path)
    write_parquet(table.take(list(reversed(range(len(table))))), path)
    named = refused(checkout)
    assert named == {"results/data/mnist/train.parquet"}
    assert cured(checkout, named) == before


@pytest.mark.chaos
def test_code_that_was_other_while_a_job_ran_is_refused(checkout):
    before = checkout.contents()
    script = checkout.folder / "workflow" / "scripts" / "table.py"
    shutil.copy2(script, checkout.folder / "kept")
    checkout.edit("workflow/scripts/table.py", "import argparse", "import argparse  # edited")
    checkout.snakemake("results/tables/table_1.csv")
    shutil.copy2(checkout.folder / "kept", script)
    named = refused(checkout)
    assert named == {"results/seals/table/table_1.json"}
    assert cured(checkout, named) == before


def test_the_first_stage_that_diverges_is_named_with_the_largest_difference(expecting):
    expect_other_metrics(expecting, 1.001)
    code, output = tool(expecting, "verify.py")
    assert code == 1
    assert "The first stage that diverges: train, with runs/softmax/lambda-0/" in output
    assert re.search(r"largest difference: metrics, .*: weight_norm [\d.]+, not [\d.]+", output)


def test_another_picture_of_the_same_data_is_different(expecting):
    sums = expecting.folder / "tests" / "expected" / "SHA256SUMS"
    sums.write_text(re.sub(r"\w{64}(  figures/figure_01.png)", "0" * 64 + r"\1", sums.read_text()))
    code, output = tool(expecting, "verify.py")
    assert code == 1 and "The first stage that diverges: report, with figures/figure_01" in output


def test_seeds_that_came_in_steps_are_told_from_another_config(expecting):
    sums = expecting.folder / "tests" / "expected" / "SHA256SUMS"
    sums.write_text(sums.read_text().replace("/seeds-0-1/", "/seeds-0-2/"))
    code, output = tool(expecting, "verify.py")
    assert code == 1 and "/seeds-0-2/" in output and "remove results/runs/ and run again" in output


def test_a_partial_run_of_another_config_is_not_packed(checkout):
    checkout.set_config("tasks.softmax.learning_rate", 0.02)
    checkout.snakemake("runs")
    code, output = tool(checkout, "crate.py")
    assert code == 1 and not (checkout.folder / "reproduction.crate.zip").exists()
    assert "rule train: its config changed after the run, tasks" in output
    assert "results/metrics.parquet: changed after the run" in output


def test_a_forged_number_and_a_missing_figure_are_not_expected(checkout):
    expected = checkout.folder / "tests" / "expected"
    before = {path: path.read_bytes() for path in expected.iterdir()}
    (checkout.results / "figures" / "figure_01.png").unlink()
    path = checkout.results / "metrics.parquet"
    table = pq.read_table(path)
    position = table.schema.get_field_index("validation_accuracy")
    forged = pc.add(table.column(position), pa.scalar(0.01))
    write_parquet(table.set_column(position, table.schema.field(position), forged), path)
    code, output = tool(checkout, "verify.py", "--renew")
    assert code == 1
    assert "figure_01.png: missing" in output and "metrics.parquet: changed after" in output
    assert {path: path.read_bytes() for path in expected.iterdir()} == before


def test_verify_without_a_run_says_what_to_do(fresh):
    code, output = tool(fresh, "verify.py")
    assert code == 1 and "run `make reproduce` first" in output


def test_the_crate_holds_what_it_describes(checkout):
    for command in (["init"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=checkout.folder, check=True, capture_output=True)
    (checkout.folder / "workflow" / "notes").write_text("of nobody's concern")
    code, output = tool(checkout, "crate.py")
    assert code == 0, output
    with zipfile.ZipFile(checkout.folder / "reproduction.crate.zip") as archive:
        graph = json.loads(archive.read("ro-crate-metadata.json"))["@graph"]
        entities = {entity["@id"]: entity for entity in graph}
        assert len(entities) == len(graph)
        packed = [entity for entity in graph if "sha256" in entity and entity["@type"] == "File"]
        for entity in packed:
            if "://" not in entity["@id"]:
                content = archive.read(entity["@id"])
                assert hashlib.sha256(content).hexdigest() == entity["sha256"], entity["@id"]
    action = next(entity for entity in graph if entity["@type"] == "CreateAction")
    results = {reference["@id"] for reference in action["result"]}
    assert results >= {f"results/{name}" for name in manifest_of(checkout)["products"]}
    assert "tests/config.tiny.yaml" in entities
    assert "workflow/scripts/train.py" in entities and "workflow/notes" not in entities
    assert all(reference["@id"] in entities for reference in action["object"])


def test_what_people_wrote_into_a_draft_for_codecheck_is_kept(checkout):
    code, output = tool(checkout, "codecheck.py")
    path = checkout.folder / "codecheck.yml"
    content = yaml.safe_load(path.read_text())
    assert code == 0 and all((checkout.folder / e["file"]).is_file() for e in content["manifest"])
    assert manifest_of(checkout)["version"] in content["source"]
    path.write_text("of people")
    code, output = tool(checkout, "codecheck.py")
    assert code == 1 and "is kept" in output and path.read_text() == "of people"


def test_what_an_earlier_config_made_is_named_and_removed_if_asked(checkout):
    checkout.set_config("tasks.softmax.seeds", [0])
    output = checkout.snakemake()
    assert "Of an earlier config, or asked for by name: results/figures/" in output
    old = [
        path for path in checkout.results.rglob("*") if "seeds-0-1" in path.name and path.is_dir()
    ]
    softmax = [path for path in old if "runs/softmax/" in str(path)]
    before = checkout.contents()
    code, output = tool(checkout, "clean_stale.py")
    assert code == 0 and "runs/softmax/lambda-0/shuffle-true/seeds-0-1" in output
    assert checkout.contents() == before
    assert tool(checkout, "clean_stale.py", "--remove")[0] == 0
    assert softmax and not any(path.exists() for path in softmax)
    assert checkout.planned() == {} and tool(checkout, "crate.py")[0] == 0


@pytest.mark.chaos
def test_another_core_type_of_the_blas_is_equal_within_tolerance(fresh, expecting):
    """The real thing: all products computed by the kernels of another processor."""
    environment = json.loads((expecting.results / "environment.json").read_text())
    here = {library["core_type"] for library in environment["blas"]}
    other = next(core for core in ("Haswell", "Sandybridge", "Nehalem") if core not in here)
    fresh.environment["OPENBLAS_CORETYPE"] = other
    fresh.snakemake()
    expected = fresh.folder / "tests" / "expected"
    shutil.copytree(expecting.folder / "tests" / "expected", expected, dirs_exist_ok=True)
    code, output = tool(fresh, "verify.py")
    assert code == 0, output
    assert other in output and "Comparison: equal within" in output
    print(output)

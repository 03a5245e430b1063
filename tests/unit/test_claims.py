"""The claims file, and verdicts on it over a made-up set of results."""

import copy
import shutil
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from synthetic import BLOCKS, FOLDERS, ROOT, TASKS, as_argument, write_results

import claims as claims_script
from judging.claims import CLAIMS_SCHEMA, ClaimsError, evaluate_claims, read_claims
from judging.evidence import DiskResults
from judging.verdicts import OPPOSITE, Verdict
from runs.grid import blocks_of, select_blocks
from runs.results import Results
from runs.schemas import METRICS_SCHEMA

CLAIMS = ROOT / "workflow" / "report" / "claims.yaml"
SCHEMA = ROOT / "workflow" / "schemas" / "claims.schema.yaml"
SETUPS = yaml.safe_load(CLAIMS.read_text())["setups"]
GOOD = (Verdict.REPRODUCED, Verdict.WITHIN_SPREAD)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    write_results(folder)
    return folder


def read(folder, tasks=TASKS, setups=SETUPS) -> DiskResults:
    """Results of some tasks, as far as the folder has them."""
    folders = [block.folder for block in blocks_of(tasks, 50) if block.folder in FOLDERS]
    return DiskResults(Results(folder, folders), tasks, setups)


@pytest.fixture(scope="module")
def results(folder):
    return read(folder)


@pytest.fixture(scope="module")
def content():
    return read_claims(CLAIMS, SCHEMA)


@pytest.fixture(scope="module")
def rows(content, results):
    return {row["id"]: row for row in evaluate_claims(content, results)}


def verdicts(content, results) -> dict[str, str]:
    return {row["id"]: row["verdict"] for row in evaluate_claims(content, results)}


def test_the_report_has_enough_claims_of_every_section(content):
    sections = {claim["section"] for claim in content["claims"]}
    assert len(content["claims"]) >= 25
    assert sections >= {"1a", "1b", "2b", "2c", "2d", "2e", "3b", "3c", "3d", "4a", "4b", "4d"}


def test_a_claim_of_the_report_is_nearly_always_decided_here(rows):
    undecided = [row for row in rows.values() if row["verdict"] == Verdict.NOT_DECIDABLE]
    assert len(undecided) <= 6, [(row["id"], row["explanation"]) for row in undecided]


def test_every_row_has_its_reasons(rows):
    for row in rows.values():
        assert row["explanation"].endswith((".", ")")), row
        if "measured" in row:
            assert row["evidence"].startswith("results/"), row
            assert row["seeds"] == 1 or row["judged"] == "over seeds"
        over_seeds = row["judged"] == "over seeds" and "measured" in row
        assert (row.get("p_value") is not None) is over_seeds, row
        if over_seeds:
            assert row["seeds"] == 10
            assert row["interval_low"] <= row["measured"] <= row["interval_high"]
            assert row["p_corrected"] >= row["p_value"]


def test_flipping_directions_flips_verdicts(content, results, rows):
    flipped = copy.deepcopy(content)
    for claim in flipped["claims"]:
        claim["expected"]["relation"] = OPPOSITE[claim["expected"]["relation"]]
    after = verdicts(flipped, results)
    for name, row in rows.items():
        if row["verdict"] == Verdict.NOT_DECIDABLE:
            assert after[name] == Verdict.NOT_DECIDABLE, name
        else:
            assert (row["verdict"] in GOOD) is not (after[name] in GOOD), name
            assert after[name] != Verdict.NOT_DECIDABLE, name


def perturbed(folder, tmp_path, select, column, value) -> DiskResults:
    """A copy of the results in which one number of the metrics is another one."""
    copied = tmp_path / "results"
    shutil.copytree(folder, copied)
    (folder_of_run,) = [
        block.folder
        for block in select_blocks(BLOCKS, TASKS, {"task": select["task"]})
        if float(block.l2_lambda) == select.get("l2_lambda", 0.0)
    ]
    path = copied / "runs" / folder_of_run / "metrics.parquet"
    table = pq.read_table(path)
    changed = table.to_pylist()
    (row,) = [r for r in changed if all(r[key] == v for key, v in select.items())]
    assert row[column] != value
    row[column] = value
    pq.write_table(pa.Table.from_pylist(changed, schema=table.schema), path)
    return read(copied)


@pytest.mark.parametrize(
    ("select", "column", "value", "changed"),
    [
        ({"task": "logistic-early-stopping"}, "epochs", 34, {"2d-epochs", "2d-limit"}),
        ({"task": "logistic-early-stopping"}, "train_loss", 0.08, {"2d-train-loss", "2d-limit"}),
        ({"task": "logistic-early-stopping-500"}, "test_loss", 0.09, {"2d-limit"}),
        (
            {"task": "softmax", "l2_lambda": 1.0, "seed": 3},
            "weight_norm",
            10.0,
            {"4e-norm"},
        ),
    ],
)
def test_one_other_number_changes_the_verdicts_that_rest_on_it(
    folder, tmp_path, content, rows, select, column, value, changed
):
    after = verdicts(content, perturbed(folder, tmp_path, select, column, value))
    assert {name for name, row in rows.items() if row["verdict"] != after[name]} == changed


def test_a_failed_proof_is_a_finding(folder, tmp_path, content):
    copied = tmp_path / "results"
    shutil.copytree(folder, copied)
    path = copied / "equations.json"
    path.write_text(path.read_text().replace("proved", "refuted", 3))
    assert verdicts(content, read(copied))["1a-sigmoid"] == Verdict.NOT_REPRODUCED


def test_what_cannot_be_evaluated_is_an_error_that_names_every_claim(folder, tmp_path, content):
    copied = tmp_path / "results"
    shutil.copytree(folder, copied)
    (copied / "optimum" / "logistic" / "lambda-0.json").unlink()
    (copied / "runs/softmax/lambda-1/shuffle-true/seeds-0-9/weights.parquet").unlink()
    with pytest.raises(ClaimsError) as caught:
        evaluate_claims(content, read(copied))
    message = str(caught.value)
    assert "has 5 error(s)" in message
    for name in ("3d-separable-logistic", "4b-digits", "4b-noisier"):
        assert f"claims.{name}: " in message


def test_a_claim_about_another_task_is_not_applicable(folder, content, rows):
    tasks = {name: task for name, task in TASKS.items() if name != "logistic-early-stopping"}
    tasks["softmax"] = tasks["softmax"] | {"dataset": "fashion-mnist"}
    after = {r["id"]: r for r in evaluate_claims(content, read(folder, tasks))}
    assert after["2d-epochs"]["verdict"] == Verdict.NOT_APPLICABLE
    assert "has no task logistic-early-stopping" in after["2d-epochs"]["explanation"]
    for name in ("3d-separable", "4e-norm", "4b-digits", "1b-code"):
        assert after[name]["verdict"] == Verdict.NOT_APPLICABLE, name
        assert (
            "about dataset mnist, which the config's softmax has not"
            in (after[name]["explanation"])
        )
    about_others = {claim for claim in rows if claim.startswith(("1a", "2b", "2e"))}
    assert about_others
    assert all(after[claim]["verdict"] == rows[claim]["verdict"] for claim in about_others)


def test_of_a_sweep_the_report_s_own_combination_is_judged(folder, tmp_path):
    tasks = {name: task for name, task in TASKS.items() if name != "softmax"}
    for rate in (0.1, 0.01):
        name = f"softmax/learning_rate-{rate}"
        tasks[name] = TASKS["softmax"] | {"learning_rate": rate}
        shutil.copytree(folder / "runs" / "softmax", tmp_path / "runs" / name)
        for path in (tmp_path / "runs" / name).rglob("metrics.parquet"):
            rows = pq.read_table(path).to_pylist()
            rows = [row | {"task": name, "learning_rate": rate} for row in rows]
            pq.write_table(pa.Table.from_pylist(rows, schema=METRICS_SCHEMA), path)
    trained = [block.folder for block in blocks_of(tasks, 50) if "learning_rate" in block.task]
    results = DiskResults(Results(tmp_path, trained), tasks, SETUPS)
    rate = "softmax/learning_rate-0.01"
    selection = {"task": "softmax", "seed": 0}
    assert results.where(selection, "steps") == (
        f"results/metrics.parquet: task={rate}, seed=0; steps"
    )
    # The learning rate does not matter to the optimum: the first combination's file has it.
    shared = results.optimum_file("softmax", "1")
    assert shared == "results/optimum/softmax/learning_rate-0.1/lambda-1.json"
    assert results.where({"task": "softmax", "l2_lambda": "1", "seed": 0}, "weights.parquet") == (
        "results/runs/softmax/learning_rate-0.01/lambda-1/shuffle-true/seeds-0-9/weights.parquet"
    )


def test_a_claim_about_lambdas_that_the_config_has_not_is_not_applicable(folder, content, rows):
    tasks = TASKS | {"softmax": TASKS["softmax"] | {"l2_lambda": ["0", "1"]}}
    after = {r["id"]: r for r in evaluate_claims(content, read(folder, tasks))}
    for name in ("4c-validation-accuracy", "4d-general-gap", "4e-norm"):
        assert after[name]["verdict"] == Verdict.NOT_APPLICABLE, name
        assert "has no runs with l2_lambda=0.001|0.01|0.1" in after[name]["explanation"]
    assert after["4b-noisier"]["verdict"] == rows["4b-noisier"]["verdict"]


def test_a_claim_that_does_not_say_which_combination_of_a_sweep_is_not_applicable(folder, content):
    tasks = {name: task for name, task in TASKS.items() if name != "softmax"}
    for rate in (0.1, 0.01):
        name = f"softmax/learning_rate-{rate}"
        tasks[name] = TASKS["softmax"] | {"learning_rate": rate, "varies": {"learning_rate": rate}}
    setups = SETUPS | {"softmax": {"l2_lambda": SETUPS["softmax"]["l2_lambda"]}}
    after = {r["id"]: r for r in evaluate_claims(content, read(folder, tasks, setups))}
    assert "sweeps softmax over learning_rate" in after["4e-norm"]["explanation"]


def change(claim_id, **values):
    def apply(content):
        (claim,) = [claim for claim in content["claims"] if claim["id"] == claim_id]
        for key, value in values.items():
            claim[key] = value

    return apply


def change_argument(claim_id, **values):
    def apply(content):
        (claim,) = [claim for claim in content["claims"] if claim["id"] == claim_id]
        claim["arguments"] |= values

    return apply


@pytest.mark.parametrize(
    ("apply", "message"),
    [
        (change("4e-norm", measurment="x"), "unknown key 'measurment'.*did you mean 'measurement'"),
        (change("4e-norm", measurement="metric_serie"), "did you mean 'metric_series'"),
        (change("4e-norm", judged="over seed"), "did you mean 'over seeds'"),
        (change("4e-norm", expected={"relation": "falling"}), "found 'falling'; allowed: less"),
        (change("4e-norm", expected={"relation": "less than"}), "'value' is missing"),
        (change("4e-norm", id="3b-falls"), "claims.3b-falls: there are 2 claims of this id"),
        (change("4e-norm", tolerance=-1), "found -1; must be at least 0"),
        (change_argument("4e-norm", column="norm"), "found 'norm'; allowed: epochs"),
        (change_argument("4e-norm", share=0.5), "metric_series takes no 'share'; allowed: runs"),
        (change("4e-norm", arguments={"column": "steps"}), "metric_series needs 'runs'"),
        (change_argument("4e-norm", runs={"task": "sofmax"}), "did you mean 'softmax'"),
        (
            change_argument("4e-norm", runs={"task": "softmax", "l2_lambda": "2"}),
            "claims.4e-norm.arguments.runs.l2_lambda: found '2'; allowed: 0, 0.001",
        ),
        (change_argument("3c-since-4000", smooth=10), "smooth"),
        (
            change("3c-since-4000", expected={"relation": "between", "value": 2, "high": 1}),
            "found high 1; it must not be below value",
        ),
    ],
)
def test_errors_of_the_file_have_their_place_and_cure(tmp_path, apply, message):
    content = yaml.safe_load(CLAIMS.read_text())
    apply(content)
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ClaimsError, match=message):
        read_claims(path, SCHEMA)


def test_a_key_that_stands_twice_is_refused(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text(CLAIMS.read_text() + "correction: none\n")
    with pytest.raises(ClaimsError, match=r"correction stands in line .* and again in line"):
        read_claims(path, SCHEMA)


def test_all_errors_come_at_once(tmp_path):
    content = yaml.safe_load(CLAIMS.read_text())
    change("4e-norm", judged="never")(content)
    change("3b-falls", tolerance="much")(content)
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ClaimsError, match="2 error"):
        read_claims(path, SCHEMA)


def test_the_script_writes_the_same_bytes_twice(folder, tmp_path, monkeypatch, content):
    written = []
    for turn in ("first", "second"):
        files = [tmp_path / turn / name for name in ("claims.parquet", "claims.json", "claims.md")]
        options = ["--claims", CLAIMS, "--schema", SCHEMA, "--results", folder]
        options += ["--tasks", as_argument(TASKS), "--runs", *FOLDERS]
        options += ["--table", files[0], "--json", files[1], "--markdown", files[2]]
        monkeypatch.setattr(sys, "argv", ["claims.py", *map(str, options)])
        claims_script.main()
        written.append([file.read_bytes() for file in files])
    assert written[0] == written[1]
    table = pq.read_table(files[0])
    assert table.schema.equals(CLAIMS_SCHEMA)
    assert len(table) == len(content["claims"])
    markdown = files[2].read_text()
    assert markdown.startswith(f"{len(table)} claims: ")
    assert markdown.count("\n| ") == len(table) + 2

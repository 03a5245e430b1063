"""Statements judged over a folder of results: what it lacks, what is otherwise, what diverged."""

import json
import shutil
import sys
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats
from synthetic import FOLDERS, ROOT, TASKS, as_argument

import claims as claims_script
from common.files import read_json
from images.splits import Examples
from judging.claims import Claims, ClaimsError, read_claims
from judging.ledger import CLAIMS_SCHEMA, judge_claims
from judging.statistics import sign_flip_tails
from measuring.catalogue import MEASUREMENTS
from measuring.evidence import DiskResults
from measuring.metrics import optimum_series, separation
from measuring.quantities import NotApplicableError, NotDecidableError
from regression.evaluation import evaluate
from runs.grid import blocks_of
from runs.results import Results
from runs.schemas import METRICS_SCHEMA

CLAIMS = ROOT / "tests" / "claims.tiny.yaml"
SEEDS = len(TASKS["softmax"]["seeds"])


@pytest.fixture(scope="module")
def claims() -> Claims:
    return read_claims(CLAIMS)


@pytest.fixture(scope="module")
def results(folder, claims):
    return read(folder, claims)


def read(folder, claims, tasks=TASKS, setups=None) -> DiskResults:
    """Results of some tasks, as far as the folder has them."""
    folders = [block.folder for block in blocks_of(tasks, 50) if block.folder in FOLDERS]
    return DiskResults(Results(folder, folders), tasks, setups or claims.setups_as_given())


def judged(claims, results) -> dict[str, dict]:
    ledger = judge_claims(claims, results, read_json(results.root / "equations.json"))
    return {entry["id"]: entry for entry in [*ledger["statements"], *ledger["questions"]]}


@pytest.fixture(scope="module")
def entries(claims, results):
    return judged(claims, results)


def explanation(entry) -> str:
    (row,) = entry["readings"]
    return row["explanation"]


def test_every_kind_of_entry_is_judged(entries):
    assert {name: entry["verdict"] for name, entry in entries.items()} == {
        "1a-gradient": "reproduced",
        "2b-implemented": "not testable",
        "2b-shown": "definition",
        "2d-limit": "reproduced",
        "2e-spread": "reproduced",
        "4b-digits": "reproduced",
        # The made-up weights get hardly any image right, whatever the made-up metrics say.
        "4d-worse": "not decidable",
        "q-code": "yes",
        "q-end": "measured",
    }


def test_scores_of_images_are_those_of_whole_splits(results):
    rows = results.runs({"task": "softmax", "l2_lambda": "1"})
    losses, right = results.scores(rows, "validation")
    assert (
        losses.shape == right.shape == (SEEDS, len(results.examples(rows[0], "validation").targets))
    )
    for row, of_run, hits in zip(rows, losses, right, strict=True):
        score = evaluate(
            "softmax", results.weights(row).matrix, results.examples(row, "validation")
        )
        assert (of_run.mean(), hits.mean()) == pytest.approx((score.loss, score.accuracy))
    pixels, targets, _ = results.examples(rows[0], "validation")
    one = evaluate("softmax", results.weights(rows[2]).matrix, Examples(pixels[7:8], targets[7:8]))
    assert losses[2, 7] == pytest.approx(one.loss)
    again, _ = results.scores(rows[2:3], "validation")
    assert (again[0] == losses[2]).all()


def test_a_refuted_equation_is_a_finding(folder, tmp_path, claims):
    shutil.copytree(folder, tmp_path / "results")
    path = tmp_path / "results" / "equations.json"
    content = json.loads(path.read_text())
    content["equations"][10]["verdict"] = "refuted"
    path.write_text(json.dumps(content))
    entry = judged(claims, read(tmp_path / "results", claims))["1a-gradient"]
    assert entry["verdict"] == "not reproduced" and "(11)" in explanation(entry)
    content["equations"][10]["verdict"] = "undecided"
    path.write_text(json.dumps(content))
    entry = judged(claims, read(tmp_path / "results", claims))["1a-gradient"]
    assert entry["verdict"] == "not decidable"


def test_a_run_that_diverged_leaves_undecided_what_needs_it(folder, tmp_path, claims, entries):
    shutil.copytree(folder, tmp_path / "results")
    (path,) = (tmp_path / "results" / "runs").glob("softmax/lambda-1/*/*/metrics.parquet")
    rows = pq.read_table(path).to_pylist()
    rows[3] |= {"ended": "diverged", "validation_accuracy": None, "steps": 77}
    pq.write_table(pa.Table.from_pylist(rows, schema=METRICS_SCHEMA), path)
    after = judged(claims, read(tmp_path / "results", claims))
    for name in ("4b-digits", "4d-worse", "q-end"):
        assert after[name]["verdict"] == "not decidable"
        assert "diverged, the first of them task softmax, lambda 1, seed 3" in explanation(
            after[name]
        )
        assert "at step 77. It would take: runs that do not diverge" in explanation(after[name])
    assert after["2e-spread"]["verdict"] == entries["2e-spread"]["verdict"] == "reproduced"


def test_a_statement_about_another_task_is_not_applicable(folder, claims, entries):
    tasks = {name: task for name, task in TASKS.items() if name != "logistic-early-stopping"}
    tasks["softmax"] = tasks["softmax"] | {"dataset": "fashion-mnist"}
    after = judged(claims, read(folder, claims, tasks))
    assert "has no task logistic-early-stopping" in explanation(after["2d-limit"])
    for name in ("4b-digits", "4d-worse", "q-end"):
        assert after[name]["verdict"] == "not applicable"
        assert "dataset mnist, which the config's softmax has not" in explanation(after[name])
    assert after["2e-spread"]["verdict"] == entries["2e-spread"]["verdict"] == "reproduced"


def test_a_statement_about_lambdas_that_the_config_has_not_is_not_applicable(folder, claims):
    tasks = TASKS | {"softmax": TASKS["softmax"] | {"l2_lambda": ["0", "1"]}}
    after = judged(claims, read(folder, claims, tasks))
    assert "has no runs with l2_lambda=0.001|0.01|0.1" in explanation(after["4d-worse"])
    assert after["4b-digits"]["verdict"] == "reproduced"


def test_runs_in_several_orders_are_no_seeds_of_one(results):
    with pytest.raises(NotApplicableError, match="shuffle false, once, true, and"):
        MEASUREMENTS["metric"](results, runs={"task": "logistic"}, column="steps")


def test_one_of_many_seeds_does_not_stand_for_all(results):
    one, many = {"task": "logistic", "seed": 0}, {"task": "logistic", "shuffle": "true"}
    against = MEASUREMENTS["metric_difference"]
    in_order = against(results, runs=many, other=one | {"shuffle": "false"}, column="steps")
    assert len(in_order.values) == len(TASKS["logistic"]["seeds"])
    with pytest.raises(NotApplicableError, match="same seeds"):
        against(results, runs=many, other=many | one, column="steps")


def test_a_lead_needs_a_rest_of_the_same_seeds(results):
    lead, zero = MEASUREMENTS["lead_over_rest"], {"task": "softmax", "l2_lambda": "0"}
    with pytest.raises(NotApplicableError, match="no other lambda"):
        lead(results, runs=zero, rest=zero, column="steps")
    with pytest.raises(NotApplicableError, match="same seeds"):
        lead(results, runs=zero, rest={"task": "softmax", "seed": 0}, column="steps")


def sweep_of_softmax() -> dict[str, dict]:
    tasks = {name: task for name, task in TASKS.items() if name != "softmax"}
    for rate in (0.1, 0.01):
        name = f"softmax/learning_rate-{rate}"
        tasks[name] = TASKS["softmax"] | {"learning_rate": rate, "varies": {"learning_rate": rate}}
    return tasks


def test_of_a_sweep_the_report_s_own_combination_is_judged(folder, tmp_path, claims):
    tasks = sweep_of_softmax()
    names = [name for name in tasks if name.startswith("softmax/")]
    for name in names:
        shutil.copytree(folder / "runs" / "softmax", tmp_path / "runs" / name)
        for path in (tmp_path / "runs" / name).rglob("metrics.parquet"):
            rows = pq.read_table(path).to_pylist()
            rows = [row | {"task": name} | tasks[name]["varies"] for row in rows]
            pq.write_table(pa.Table.from_pylist(rows, schema=METRICS_SCHEMA), path)
    trained = [block.folder for block in blocks_of(tasks, 50) if block.task in names]
    results = DiskResults(Results(tmp_path, trained), tasks, claims.setups_as_given())
    selection = {"task": "softmax", "l2_lambda": "1", "seed": 0}
    (row,) = results.runs(selection)
    assert row["learning_rate"] == 0.01
    assert "task=softmax/learning_rate-0.01" in results.where(selection, "steps")
    # Neither the learning rate nor the stop matters to the optimum, which has its name of a task
    # that is not swept.
    assert results.optimum_file("softmax", "1") == "results/optimum/softmax-500/optima.json"


def test_separation_is_counted_in_the_stored_whole_numbers(folder, tmp_path, claims):
    results = read(folder, claims)
    pixels, targets, _ = results.examples(results.optimum("softmax", "0"), "train")
    integers = results.separating_weights("softmax", "0").tolist()
    wrong = 0
    for image, target in zip(pixels.tolist(), targets.tolist(), strict=True):
        found = [
            sum(u * a for u, a in zip([*image, 1], column, strict=True))
            for column in zip(*integers, strict=True)
        ]
        wrong += found[target] <= max(found[:target] + found[target + 1 :])
    measured = separation(results, task="softmax", l2_lambda="0")
    assert measured.values == [wrong] and "in whole numbers" in measured.detail
    assert wrong > 0


def test_an_optimum_has_scores_of_images_and_one_that_does_not_exist_has_none(folder, claims):
    results = read(folder, claims)
    optimum = results.optimum("softmax", "1")
    losses, right = results.scores([optimum], "validation")
    examples = results.examples(optimum, "validation")
    assert losses.shape == right.shape == (1, len(examples.targets))
    series = {"task": "softmax", "column": "train_accuracy"}
    assert optimum_series(results, l2_lambdas=["0.1", "1"], **series).images.shape[:2] == (1, 2)
    assert optimum_series(results, l2_lambdas=["0", "1"], **series).images is None


def test_a_sweep_of_which_no_combination_is_meant_is_not_applicable(folder, claims):
    setups = claims.setups_as_given() | {"softmax": {"l2_lambda": ["1"]}}
    results = read(folder, claims, sweep_of_softmax(), setups)
    with pytest.raises(NotApplicableError, match="sweeps softmax over learning_rate"):
        results.runs({"task": "softmax"})
    named = results.where({"task": "softmax", "learning_rate": 0.1}, "steps")
    assert "task=softmax/learning_rate-0.1" in named


def test_files_that_are_missing_are_errors_that_name_every_reading(folder, tmp_path, claims):
    shutil.copytree(folder, tmp_path / "results")
    (tmp_path / "results/optimum/softmax/optima.json").unlink()
    (path,) = (tmp_path / "results" / "runs").glob("softmax/lambda-1/*/*/weights.parquet")
    path.unlink()
    with pytest.raises(ClaimsError) as caught:
        judged(claims, read(tmp_path / "results", claims))
    for name in ("4b-digits.correlation", "4d-worse.validation"):
        assert f"{name}: " in str(caught.value)


def test_the_script_writes_the_same_bytes_twice(folder, tmp_path, monkeypatch):
    written = []
    for turn in ("first", "second"):
        files = [tmp_path / turn / name for name in ("claims.parquet", "claims.json", "claims.md")]
        options = ["--claims", CLAIMS, "--equations", folder / "equations.json"]
        options += ["--tasks", as_argument(TASKS), "--results", folder, "--runs", *FOLDERS]
        options += ["--table", files[0], "--json", files[1], "--markdown", files[2]]
        monkeypatch.setattr(sys, "argv", ["claims.py", *map(str, options)])
        claims_script.main()
        written.append([file.read_bytes() for file in files])
    assert written[0] == written[1]
    assert pq.read_schema(files[0]).equals(CLAIMS_SCHEMA)
    ledger = read_json(files[1])
    assert ledger.keys() >= {"statements", "questions", "equations", "errata", "counts", "method"}
    assert ledger["headline"] in files[2].read_text()


# Each measurement once more, in plain loops over the very same runs.

SOFTMAX_0 = {"task": "softmax", "l2_lambda": "0"}
SOFTMAX_1 = {"task": "softmax", "l2_lambda": "1"}
SHUFFLED = {"task": "logistic", "shuffle": "true"}
IN_ORDER = {"task": "logistic", "shuffle": "false"}
LOSS = {"split": "validation", "metric": "loss"}
SPIKE = {"neighbours": 2, "height": 0.02}


def blocks_of_ten(values):
    return [values[first : first + 10] for first in range(0, len(values) - 9, 10)]


def spikes_in(values):
    return [
        i
        for i in range(2, len(values) - 2)
        if values[i] - np.median([values[i - 2], values[i - 1], values[i + 1], values[i + 2]])
        > 0.02
    ]


def strays(values):
    rest = [
        values[i] - np.median([*values[i - 2 : i], *values[i + 1 : i + 3]])
        for i in range(2, len(values) - 2)
    ]
    return np.sqrt(np.mean(np.square(rest)))


def loop_metric(results):
    return [row["validation_accuracy"] for row in results.runs(SOFTMAX_0)]


def loop_difference(results):
    other = {row["seed"]: row for row in results.runs(SOFTMAX_1)}
    return [
        row["test_accuracy"] - other[row["seed"]]["test_accuracy"]
        for row in results.runs(SOFTMAX_0)
    ]


def loop_spikes(results):
    (alone,) = results.runs(IN_ORDER)
    rate = 1000 * len(spikes_in(results.curve(alone, "validation", "loss").values)) / alone["steps"]
    return [
        1000 * len(spikes_in(results.curve(row, "validation", "loss").values)) / row["steps"] - rate
        for row in results.runs(SHUFFLED)
    ]


def loop_fall(results):
    (row,) = results.runs(IN_ORDER)
    values = results.curve(row, "validation", "loss").values
    start = results.curve(row, "train", "loss").values[0]
    goal = start - 0.9 * (start - min(values))
    first = next(i for i, value in enumerate(values) if value <= goal)
    return [first / (len(values) - 1)]


def loop_unsteadiness(results):
    (row,) = results.runs(IN_ORDER)
    drawn = [np.mean(b) for b in blocks_of_ten(results.curve(row, "train", "loss").values)]
    return [strays(results.curve(row, "validation", "loss").values) / strays(drawn)]


def loop_spread(results):
    def spread(row):
        found = blocks_of_ten(results.curve(row, "train", "loss").values)
        return np.mean([np.std(block) for block in found])

    (alone,) = results.runs(IN_ORDER)
    return [spread(row) / spread(alone) for row in results.runs(SHUFFLED)]


def loop_gap(results):
    found = []
    for row in results.runs(SOFTMAX_0):
        steps, train = results.curve(row, "train", "accuracy")
        validation = results.curve(row, "validation", "accuracy").values
        gaps = [t - v for s, t, v in zip(steps, train, validation, strict=True) if s >= 4000]
        found.append(sum(gaps) / len(gaps))
    return found


def loop_falling(results):
    found = []
    for row in results.runs(SOFTMAX_0):
        values = results.curve(row, "validation", "loss").values
        falls = [after < before for before, after in pairwise(values)]
        found.append(sum(falls) / len(falls))
    return found


def loop_profile(results):
    (row,) = results.runs(IN_ORDER)
    size = len(results.examples(row, "train").targets) // row["batch_size"]
    values = results.curve(row, "train", "loss").values
    epochs = [values[i : i + size] for i in range(0, len(values) - size + 1, size)]
    return [np.mean([stats.pearsonr(a, b)[0] for a, b in pairwise(epochs)])]


def loop_resemblance(results):
    found = []
    for row in results.runs(SOFTMAX_1):
        pixels, targets, _ = results.examples(row, "train")
        weights = results.weights(row).matrix[:-1]
        of_class = [
            stats.pearsonr(weights[:, digit], pixels[targets == digit].mean(axis=0))[0]
            for digit in range(10)
        ]
        found.append(np.mean(of_class))
    return found


def loop_beyond(results):
    return [
        results.optimum("softmax", "1")["test_accuracy"] - row["test_accuracy"]
        for row in results.runs(SOFTMAX_1)
    ]


@pytest.mark.parametrize(
    ("measurement", "arguments", "loop"),
    [
        ("metric", {"runs": SOFTMAX_0, "column": "validation_accuracy"}, loop_metric),
        (
            "metric_difference",
            {"runs": SOFTMAX_0, "other": SOFTMAX_1, "column": "test_accuracy"},
            loop_difference,
        ),
        (
            "spike_rate_difference",
            {"runs": SHUFFLED, "other": IN_ORDER, "curve": LOSS, "spike": SPIKE},
            loop_spikes,
        ),
        ("fall_time", {"runs": IN_ORDER, "curve": LOSS, "share": 0.9}, loop_fall),
        (
            "unsteadiness_ratio",
            {"runs": IN_ORDER, "curve": LOSS, "neighbours": 2}
            | {"other_curve": {"split": "train", "metric": "loss", "window": 10}},
            loop_unsteadiness,
        ),
        (
            "block_deviation_ratio",
            {"runs": SHUFFLED, "other": IN_ORDER, "window": 10},
            loop_spread,
        ),
        ("gap_after", {"runs": SOFTMAX_0, "metric": "accuracy", "after": 4000}, loop_gap),
        ("falling_share", {"runs": SOFTMAX_0, "curve": LOSS, "rise": 0.0}, loop_falling),
        ("batch_profile", {"runs": IN_ORDER}, loop_profile),
        ("resemblance", {"runs": SOFTMAX_1, "split": "train"}, loop_resemblance),
        (
            "optimum_lead",
            {"runs": SOFTMAX_1, "l2_lambda": "1", "column": "test_accuracy"},
            loop_beyond,
        ),
    ],
)
def test_a_measurement_and_its_verdict_are_those_of_plain_loops(
    claims, results, measurement, arguments, loop
):
    expected = loop(results)
    found = MEASUREMENTS[measurement](results, **arguments)
    assert found.values == pytest.approx(np.array(expected))
    bound = float(np.mean(expected)) + 0.2 * abs(float(np.mean(expected))) + 0.001
    reading = {"id": "r", "reading": "As it says.", "measurement": measurement}
    reading |= {"arguments": arguments, "fixed": "before"}
    reading |= {"chance": "seeds" if len(expected) > 1 else "none"}
    reading |= {"expected": {"relation": "less than", "value": bound}}
    statement = {"id": "s", "section": "x", "covers": ["s1"], "says": "It is so."}
    settings = {"confidence_level": 0.95, "resamples": 99, "fragile_below": 0.8}
    content = settings | {"setups": claims.setups_as_given(), "questions": []}
    content["statements"] = [statement | {"readings": [reading]}]
    (row,) = judged(Claims.model_validate(content), results)["s"]["readings"]
    assert row["measured"] == pytest.approx(np.mean(expected))
    if len(expected) == 1:
        assert (row["verdict"], row["p_value"]) == ("reproduced", None)
        return
    if np.ptp(expected) < 1e-12:
        p_value = 2.0 * sign_flip_tails(np.array(expected), bound).floor
    else:
        p_value = stats.ttest_1samp(expected, bound).pvalue
    assert row["p_value"] == pytest.approx(p_value, rel=1e-6)
    assert row["verdict"] == ("reproduced" if p_value < 0.05 else "not decidable")


def test_weights_are_small_below_a_twentieth_unless_said(results):
    arguments = {"runs": SOFTMAX_1, "other": SOFTMAX_0, "measure": "small"}
    unsaid, said = (
        MEASUREMENTS["sparsity_difference"](results, **arguments, **below)
        for below in ({}, {"below": 0.05})
    )
    assert (unsaid.values == said.values).all()


@pytest.mark.parametrize(
    ("measurement", "selections"),
    [
        ("metric", {"runs": SOFTMAX_0}),
        ("metric_difference", {"runs": SOFTMAX_0, "other": SOFTMAX_1}),
        ("metric_series", {"runs": {"task": "softmax"}}),
        ("lead_over_rest", {"runs": SOFTMAX_0, "rest": {"task": "softmax"}}),
    ],
)
@pytest.mark.parametrize("last", [None, 3])
def test_means_of_the_last_checks_have_images_as_final_values_have(
    results, measurement, selections, last
):
    found = MEASUREMENTS[measurement](results, **selections, column="validation_loss", last=last)
    assert found.images.shape[:-1] == found.values.shape
    if last:  # The metrics of these made-up results are not those of their weights.
        assert found.images.mean(axis=-1) == pytest.approx(found.values)


def test_no_reading_leaves_out_the_images_where_each_one_has_its_part(folder, repository):
    shipped = read_claims(repository / "workflow" / "report" / "claims.yaml")
    results = read(folder, shipped)
    entries = [*shipped.statements, *shipped.questions]
    measured = 0
    for one in (one for entry in entries for one in entry.readings if one.chance == "seeds"):
        try:
            found = MEASUREMENTS[one.measurement](results, **one.arguments)
        except (NotApplicableError, NotDecidableError):
            continue
        assert found.images is None, one.reading
        measured += 1
    assert measured > 5

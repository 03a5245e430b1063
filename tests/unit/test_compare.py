"""The comparison of two results folders, on folders made up here."""

import shutil
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from scipy import stats

import compare
from common.errors import DataError
from common.files import write_json
from pipeline.rules import config_digests, digests
from provenance.manifest import manifest_of

ROW = {
    "task": "softmax",
    "model": "softmax",
    "l2_lambda": 0.01,
    "shuffle": True,
    "learning_rate": 0.01,
    "batch_size": 128,
    "max_epochs": 10,
    "patience": None,
    "steps": 100,
    "test_accuracy": 0.9,
}
ACCURACIES = [0.90, 0.92, 0.91, 0.93]


@pytest.fixture
def make_results(tmp_path):
    """A project of a config and results with one group of runs."""

    def make(name: str, accuracies=ACCURACIES, seeds=None, figure=b"png", **changes):
        folder = tmp_path / name / "results"
        (folder / "figures").mkdir(parents=True)
        seeds = range(len(accuracies)) if seeds is None else seeds
        rows = [
            ROW | changes | {"seed": seed, "validation_accuracy": value}
            for seed, value in zip(seeds, accuracies, strict=True)
        ]
        pq.write_table(pa.Table.from_pylist(rows), folder / "metrics.parquet")
        (folder / "figures" / "figure_01.png").write_bytes(figure)
        rate = changes.get("learning_rate", ROW["learning_rate"])
        config = f"tasks:\n  softmax:\n    learning_rate: {rate}\n"
        (folder.parent / "config.yaml").write_text(config)
        describe(folder)
        return folder

    return make


def describe(folder) -> None:
    """Write the manifest of a folder as a run would."""
    write_json(folder / "environment.json", {})
    config = yaml.safe_load((folder.parent / "config.yaml").read_text())
    about = {"stage": "train", "code": "", "software": {}}
    rules = {"train": about | {"config": config_digests("train", config)}}
    products = dict.fromkeys(
        [
            str(path.relative_to(folder))
            for path in folder.rglob("*")
            if path.is_file() and path.name not in ("manifest.json", "environment.json")
        ],
        "train",
    )
    write_json(
        folder / "manifest.json", manifest_of(products, rules, digests(config, config), folder, "1")
    )


def compared(a, b) -> dict[str, compare.Difference]:
    found = compare.differences(compare.read_results(a), compare.read_results(b))
    return {one.metric: one for one in found}


def run(repository, *arguments) -> subprocess.CompletedProcess:
    command = [sys.executable, repository / "tools" / "compare.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_equal_results_are_identical(make_results):
    found = compared(make_results("a"), make_results("b"))
    assert {one.verdict for one in found.values()} == {"identical"}
    assert "train_loss" not in found  # a column that the folders do not have


def test_seeds_in_common_are_compared_in_pairs(make_results):
    changes = np.array([0.011, 0.009, 0.010, 0.012])
    found = compared(make_results("a"), make_results("b", list(np.array(ACCURACIES) + changes)))
    one = found["validation_accuracy"]
    interval = stats.ttest_1samp(changes, 0).confidence_interval(0.95)
    assert one.difference == pytest.approx(changes.mean())
    assert (one.low, one.high) == pytest.approx((interval.low, interval.high))
    assert one.verdict == "differs" and one.seeds == "4 in common"


def test_a_change_that_chance_explains_is_not_a_difference(make_results):
    found = compared(make_results("a"), make_results("b", [0.92, 0.90, 0.93, 0.91]))
    assert found["validation_accuracy"].verdict == "within chance"


def test_only_the_seeds_in_common_count(make_results):
    a, b = make_results("a"), make_results("b", [0.91, 0.92, 0.5], seeds=[0, 1, 9])
    one = compared(a, b)["validation_accuracy"]
    assert (one.a, one.b) == pytest.approx((0.91, 0.915))
    results = compare.read_results(a), compare.read_results(b)
    assert compare.only_in(*results) == ["softmax, λ = 0.01, shuffled: seed 2 to 3"]
    assert compare.only_in(*results[::-1]) == ["softmax, λ = 0.01, shuffled: seed 9"]


def test_without_seeds_in_common_the_means_are_compared(make_results):
    other = [0.95, 0.96, 0.97]
    found = compared(make_results("a"), make_results("b", other, seeds=[10, 11, 12]))
    one = found["validation_accuracy"]
    expected = stats.ttest_ind(other, ACCURACIES, equal_var=False).confidence_interval()
    assert (one.low, one.high) == pytest.approx((expected.low, expected.high))
    assert one.seeds == "4 against 3" and one.verdict == "differs"


def test_one_seed_has_no_interval(make_results):
    one = compared(make_results("a", [0.9]), make_results("b", [0.8]))["validation_accuracy"]
    assert one.low is None and one.verdict == "differs, no interval"


def test_an_edit_counts_once(make_results):
    """In the config, in what the runs say of themselves, and in tasks that share it."""
    a, b = map(compare.read_results, (make_results("a"), make_results("b", learning_rate=0.05)))
    assert compare.edits(a, b) == [("tasks.softmax.learning_rate", "0.01", "0.05")]
    shared = {f"tasks.{task}.patience": 10 for task in ("x", "y")}
    others = {f"tasks.{task}.patience": 20 for task in ("x", "y")}
    both = a._replace(config=a.config | shared), a._replace(config=a.config | others)
    assert compare.edits(*both) == [("tasks.x.patience, tasks.y.patience", "10", "20")]


@pytest.mark.parametrize(
    ("name", "values"), [("max_epochs", (10, 5)), ("checks_per_epoch", (5, 31))]
)
def test_without_configs_an_edit_is_what_the_runs_say(make_results, name, values):
    a, b = (
        compare.read_results(make_results(side, **{name: value}))._replace(config={})
        for side, value in zip("ab", values, strict=True)
    )
    assert compare.edits(a, b) == [(f"tasks.softmax.{name}", *map(str, values))]


def test_the_top_line_names_the_largest_effect(make_results):
    a = make_results("a")
    b = make_results("b", [value - 0.2 for value in ACCURACIES], learning_rate=0.05)
    a, b = map(compare.read_results, (a, b))
    found = compare.differences(a, b)
    line = compare.headline(compare.edits(a, b), found, [])
    assert line.startswith("1 setting edited, 1 of 3 metrics differ, no verdicts changed. ")
    assert "validation_accuracy 0.915 -> 0.715 (-0.2, interval -0.2 to -0.2)" in line
    assert "no runs in common" in compare.headline([], [], [])


def test_verdicts_of_claims_are_compared(make_results):
    folders = make_results("a"), make_results("b")
    for folder, verdict in zip(folders, ("reproduced", "refuted"), strict=True):
        text = f'{{"statements": [{{"id": "x", "says": "All is well.", "verdict": "{verdict}"}}]}}'
        (folder / "claims.json").write_text(text)
        describe(folder)
    found = compare.claim_differences(*map(compare.read_results, folders))
    assert found == [("x", "All is well.", "reproduced", "refuted")]


def test_results_behind_a_link_are_held_to_the_config_beside_the_link(make_results, tmp_path):
    folder = make_results("a")
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    assert compare.read_results(folder).config == {"tasks.softmax.learning_rate": 0.01}
    (folder.parent / "config.yaml").write_text("tasks: {softmax: {learning_rate: 0.5}}")
    with pytest.raises(DataError, match="its config changed after the run, tasks"):
        compare.read_results(folder)


def test_what_an_earlier_config_left_is_not_compared(make_results):
    folder = make_results("a")
    (folder / "claims.json").write_text('{"statements": [{"id": "x"}]}')
    (folder / "figures" / "figure_02.png").write_bytes(b"png")
    results = compare.read_results(folder)
    assert results.claims == {} and [*results.figures] == ["figure_01"]


def test_numbers_in_a_row_are_a_range():
    assert compare.shortened([0, 2, 3, 4, 9]) == "0, 2 to 4, 9"


def test_the_page_and_the_summary_say_what_differs(make_results, repository, tmp_path):
    a = make_results("a", figure=b"one")
    b = make_results("b", [value - 0.2 for value in ACCURACIES], figure=b"other", max_epochs=5)
    output = tmp_path / "new folder" / "page.html"
    process = run(repository, a.parent, b, "--output", output)
    assert process.returncode == 0, process.stderr
    for text in ("max_epochs: 10 -> 5", "validation_accuracy 0.915 -> 0.715"):
        assert text in process.stdout
    page = output.read_text()
    assert page.count("data:image/png") == 2 and "<script" not in page and 'src="http' not in page
    assert "max_epochs" in page and "differs" in page


def test_identical_figures_are_folded_away(make_results, repository, tmp_path):
    output = tmp_path / "page.html"
    run(repository, make_results("a"), make_results("b"), "--output", output)
    page = output.read_text()
    assert "data:image/png" not in page
    assert "1 of 1 are the same to the byte</summary><p>figure_01</p>" in page
    assert "metrics that both have are identical" in page


def test_nothing_in_common_is_not_called_identical(make_results, repository, tmp_path):
    output = tmp_path / "page.html"
    run(repository, make_results("a"), make_results("b", task="other"), "--output", output)
    page = output.read_text()
    assert "identical" not in page and "nothing to compare" in page


def test_curves_that_differ_lie_over_each_other(make_results, repository, tmp_path):
    folders = make_results("a"), make_results("b")
    for folder, last in zip(folders, (0.9, 0.8), strict=True):
        keys = {"task": "softmax", "l2_lambda": 0.01, "split": "validation", "metric": "accuracy"}
        rows = [
            keys | {"shuffle": order, "seed": seed, "step": step, "value": value}
            for order, end in (("true", last), ("once", 0.7))
            for seed in (0, 1)
            for step, value in ((5, 0.5), (10, end + seed / 50))
        ]
        pq.write_table(pa.Table.from_pylist(rows), folder / "history.parquet")
        describe(folder)
    a = compare.read_results(folders[0])
    steps, values = a.curves["softmax", 0.01, "true"]
    assert steps.tolist() == [5, 10] and values == pytest.approx([0.5, 0.91])
    output = tmp_path / "page.html"
    run(repository, *folders, "--output", output)
    page = output.read_text()
    assert page.count('role="img"') == 1 and "not shown: 1 of 2" in page


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("nowhere", "no such folder"),
        ("empty", "has no metrics.parquet"),
        ("torn", "not a manifest"),
    ],
)
def test_a_folder_without_results_is_one_line(make_results, repository, tmp_path, place, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "metrics.parquet").write_bytes(b"PAR1")
    write_json(tmp_path / "torn" / "manifest.json", {"products": []})
    process = run(repository, make_results("a"), tmp_path / place)
    assert process.returncode == 1
    assert process.stderr.startswith("error: ") and message in process.stderr
    assert process.stderr.count("\n") == 1


def test_a_commit_stands_for_its_results(make_results, tmp_path, monkeypatch):
    """They are made in a worktree of it, once."""
    project = make_results("a").parent
    (project / "results").rename(project / "made")
    (project / ".gitignore").write_text("/results/\n/.commits/\n")
    monkeypatch.setenv("RUN", "cp -r made results")
    (project / "Makefile").write_text("reproduce: results\nresults:\n\t@$(RUN)\n")
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    for command in (["init"], ["add", "-A"], [*who, "commit", "-m", "x"], ["tag", "first"]):
        subprocess.run(["git", "-C", project, *command], check=True, capture_output=True)
    monkeypatch.setattr(compare, "ROOT", project)
    monkeypatch.setenv("MAKEFLAGS", "--dry-run")  # of an outer make
    folder = compare.folder_of("first")
    assert folder.parent == project / ".commits" and compare.folder_of("first") == folder
    assert {*compare.read_results(folder).groups} == {("softmax", 0.01, True)}
    shutil.rmtree(folder / "results")
    monkeypatch.setenv("RUN", "false")
    with pytest.raises(compare.CompareError, match="its run failed"):
        compare.folder_of("first")
    # Results of edited code are not those of the commit.
    (folder / "Makefile").write_text("reproduce:\n")
    (folder / "new file").touch()
    with pytest.raises(compare.CompareError, match="not first any more, by Makefile, new file;"):
        compare.folder_of("first")
    with pytest.raises(compare.CompareError, match="no such folder, and no commit"):
        compare.folder_of("second")


def test_make_asks_for_both_folders(repository):
    command = ["make", "--silent", "--dry-run", "compare", "A=one", "B=two"]
    process = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    assert 'tools/compare.py "one" "two" --output "results/compare.html"' in process.stdout


def test_a_mixed_folder_and_an_edited_config_are_not_compared(make_results, repository):
    a, b = make_results("a"), make_results("b")
    (b / "figures" / "figure_01.png").write_bytes(b"another")
    (b.parent / "config.yaml").write_text("tasks: {softmax: {learning_rate: 0.5}}")
    process = run(repository, a, b)
    assert process.returncode == 1 and "Traceback" not in process.stderr
    assert "figure_01.png: changed after the run" in process.stderr
    assert "rule train: its config changed after the run, tasks" in process.stderr

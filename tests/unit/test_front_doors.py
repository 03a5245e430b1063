"""What the Makefile's helper commands do around Snakemake."""

import json
import os
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.processes import this_process
from pipeline.leftovers import left_over, left_over_in_words
from pipeline.owner import record_owner


def unlock(repository, folder) -> subprocess.CompletedProcess:
    command = [sys.executable, repository / "tools" / "unlock_stale.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def make_lock(folder, *owners: str):
    locks = folder / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    (locks / "0.input.lock").write_text("results/x\n")
    for owner in owners:
        (locks / f"owner.{owner}").write_text("process 1 of somebody on a host")
    return locks


def test_the_lock_of_a_killed_run_is_removed(repository, tmp_path):
    dead = this_process()._replace(start=1)
    locks = make_lock(tmp_path, dead.name)
    assert "going on where it stopped" in unlock(repository, tmp_path).stdout
    assert not locks.exists()
    assert unlock(repository, tmp_path).stdout == ""


@pytest.mark.parametrize("owner", ["alive", "elsewhere", "container", "one of two", "unnamed"])
def test_a_lock_stays_unless_its_owner_is_known_to_be_dead(repository, tmp_path, owner):
    here = this_process()
    dead = here._replace(start=1)
    owners = {
        "alive": [here.name],
        "elsewhere": [dead._replace(host="0" * 8).name],
        "container": [dead._replace(namespace=dead.namespace + 1).name],
        "one of two": [dead.name, here.name],
        "unnamed": [],
    }[owner]
    locks = make_lock(tmp_path, *owners)
    process = unlock(repository, tmp_path)
    assert process.returncode == 1 and (locks / "0.input.lock").exists()
    assert "snakemake --unlock" in process.stderr and "Traceback" not in process.stderr


def test_a_run_names_itself_at_its_lock(repository, tmp_path):
    locks = make_lock(tmp_path)
    record_owner(locks)
    assert f"process {os.getpid()} of " in unlock(repository, tmp_path).stderr


def test_make_passes_on_nothing_that_a_user_has_set_for_other_work(repository):
    poison = {"PYTHONPATH": "/x", "PYTHONHOME": "/x", "PYTHONSAFEPATH": "1", "PYTHONOPTIMIZE": "2"}
    poison |= {"NUMBA_OPT": "0", "MPLBACKEND": "no", "MATPLOTLIBRC": "/x", "PIP_USER": "1"}
    command = ["make", "--silent", "--eval", "shown: ; @env", "shown"]
    process = subprocess.run(
        command, cwd=repository, env=os.environ | poison, capture_output=True, text=True, check=True
    )
    names = {line.partition("=")[0] for line in process.stdout.splitlines()}
    assert "PATH" in names and not names & poison.keys()


def test_a_python_that_is_not_there_is_named(repository, tmp_path):
    command = ["sh", repository / "tools" / "environment.sh", "/nonexistent", "requirements.txt"]
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert process.returncode == 1 and not (tmp_path / ".venv").exists()
    assert process.stderr.startswith("error: there is no Python /nonexistent; name another with")


def test_what_an_earlier_config_made_is_named_as_such(tmp_path):
    kept = ("figures/new.png", "data/mnist/train.parquet")
    about = (
        "data/mnist/raw/images",
        "logs/old.log",
        "benchmarks/old.tsv",
        "manifest.json",
        "compare.html",
    )
    old = ("figures/old.png", "data/other/raw/images", "data/other/train.parquet", "report.pdf")
    for name in (*kept, *about, *old, ".report.x.tmp.pdf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    products = {tmp_path / name for name in kept}
    assert {*left_over(tmp_path, products)} == {tmp_path / name for name in old}
    assert "`make clean-stale` lists them" in left_over_in_words(tmp_path, products)
    assert left_over_in_words(tmp_path, products | {tmp_path / name for name in old}) == ""
    (tmp_path / os.fsdecode(b"a\xff.png")).touch()
    assert "a\ufffd.png" in left_over_in_words(tmp_path, products)


def test_the_summary_says_what_is_doubted(repository, tmp_path):
    about = {"data/mine/summary.json": "data_set", "integrity.json": "integrity"}
    for name, doubt in about.items():
        path = tmp_path / "results" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"doubts": [f"{doubt} {i}" for i in range(3)]}))
    results = tmp_path / "results"
    pq.write_table(
        pa.Table.from_pylist([{"task": "t", "ended": "max_epochs"}]), results / "metrics.parquet"
    )
    # Of an earlier config, so no product: not about these results.
    (results / "data" / "old").mkdir()
    (results / "data" / "old" / "summary.json").write_text('{"doubts": ["about another"]}')
    (results / "products.txt").write_text("".join(f"x results/{name}\n" for name in about))
    command = [sys.executable, repository / "tools" / "summarise.py"]
    output = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    for i in range(3):
        assert f"Data set mine: data_set {i}\n" in output.stdout
    assert "\nintegrity 1\n" in output.stdout and "integrity 2" not in output.stdout
    assert "... and 1 more, in results/data/*/summary.md" in output.stdout
    assert "about another" not in output.stdout


def test_the_summary_names_what_an_earlier_config_made(repository, tmp_path):
    results = tmp_path / "results"
    (results / "figures").mkdir(parents=True)
    for name in ("figures/new.png", "figures/old.png"):
        (results / name).touch()
    runs = [{"task": "t", "ended": "max_epochs"}, {"task": "t", "ended": "diverged"}]
    pq.write_table(pa.Table.from_pylist(runs), results / "metrics.parquet")
    (results / "products.txt").write_text("figure results/figures/new.png\n")
    command = [sys.executable, repository / "tools" / "summarise.py"]
    output = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ": 1 figure in" in output.stdout
    assert "1 of 2 trainings diverged: t (1)." in output.stdout
    assert "or asked for by name: results/figures/old.png" in output.stdout


@pytest.mark.parametrize("target", ["reproduce", "plan"])
def test_a_run_has_the_config_files_that_its_tools_hold_it_to(repository, target):
    command = ["make", "--dry-run", target, "CONFIG=config.yaml mine.yaml"]
    made = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    assert "--replace-workflow-config --configfile config.yaml mine.yaml" in made.stdout
    # What is set for other work is not meant.
    environment = os.environ | {"CONFIG": "other.yaml"}
    made = subprocess.run(
        command[:-1], cwd=repository, capture_output=True, text=True, env=environment
    )
    assert made.returncode == 0 and "other.yaml" not in made.stdout

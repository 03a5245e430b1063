"""What the Makefile's helper commands do around Snakemake."""

import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq


def unlock(repository, folder):
    command = [sys.executable, repository / "tools" / "unlock_stale.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def make_lock(folder):
    locks = folder / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    (locks / "0.input.lock").write_text("results/x\n")
    return locks


def test_the_lock_of_a_killed_run_is_removed(repository, tmp_path):
    locks = make_lock(tmp_path)
    assert "going on where it stopped" in unlock(repository, tmp_path)
    assert not locks.exists()
    assert unlock(repository, tmp_path) == ""


def test_the_lock_of_a_living_run_stays(repository, tmp_path):
    locks = make_lock(tmp_path)
    (tmp_path / "snakemake").write_text("import time; time.sleep(60)")
    with subprocess.Popen([sys.executable, "snakemake"], cwd=tmp_path) as living:
        assert unlock(repository, tmp_path) == ""
        assert locks.exists()
        living.kill()


def test_what_an_earlier_config_made_is_named_as_such(repository, tmp_path):
    results = tmp_path / "results"
    (results / "figures").mkdir(parents=True)
    for name in ("report.pdf", "figures/new.png", "figures/old.png", "figures/old.svg"):
        (results / name).touch()
    runs = [{"task": "t", "ended": "max_epochs"}, {"task": "t", "ended": "diverged"}]
    pq.write_table(pa.Table.from_pylist(runs), results / "metrics.parquet")
    (results / "products.txt").write_text("results/figures/new.png\n")
    command = [sys.executable, repository / "tools" / "summarise.py"]
    output = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "Results: 1 figure in" in output.stdout
    assert "1 of 2 trainings diverged: t (1)." in output.stdout
    *_, last = output.stdout.splitlines()
    assert last.endswith("not of this one: results/report.pdf, results/figures/old.png")

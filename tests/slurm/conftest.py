"""The cluster, a sweep to run on it, and what a run without Slurm gives."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sweeps import ALL, Cluster, Sweep, copy_project, kill, slurm, wait_for


def pytest_configure(config):
    config.addinivalue_line("markers", "slurm: needs the Slurm that tests/slurm/cluster.sh starts")


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slurm)


@pytest.fixture(scope="session")
def running_cluster() -> Cluster:
    folder = Path(os.environ.get("SLURM_CONF", "")).parent
    if not (folder / "node2.pid").is_file():
        pytest.skip("no Slurm to test with; `make test-slurm` starts one")
    return Cluster(folder)


@pytest.fixture
def cluster(running_cluster) -> Iterator[Cluster]:
    """The cluster with both nodes up and no jobs, before and after."""
    running_cluster.start()
    yield running_cluster
    running_cluster.start()
    slurm("scancel", "--quiet", f"--user={os.getuid()}")
    wait_for("an empty queue", lambda: not slurm("squeue", "-h"))


@pytest.fixture(scope="session")
def local(running_cluster, tmp_path_factory) -> dict[str, bytes]:
    """The products of a run without Slurm."""
    sweep = copy_project(tmp_path_factory.mktemp("local") / "run")
    assert sweep.run(*ALL, local=True) == 0, sweep.log.read_text()
    return sweep.contents()


@pytest.fixture
def sweep(cluster, tmp_path) -> Iterator[Sweep]:
    """A fresh copy of the project; nothing of its Snakemake outlives the test."""
    sweep = copy_project(tmp_path / "sweep")
    yield sweep
    for process in psutil.process_iter(["cwd"]):
        if process.info["cwd"] == str(sweep.folder):
            kill(process)

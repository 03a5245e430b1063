"""A sweep of the real workflow through the Slurm of cluster.sh, and faults to hit it with."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
CLUSTER = Path(__file__).with_name("cluster.sh")
# Trainings of some seconds, so that a fault can hit them.
TASKS = {
    "logistic": {"max_epochs": 100, "seeds": [0]},
    "softmax": {"max_epochs": 100, "patience": None, "l2_lambda": ["0", "1"], "seeds": [0, 1]},
}
# What the tests ask for: the trainings, and a figure of each kind.
FIGURES = ("figure_01", "figure_02", "figure_07", "figure_10")
ALL = ("runs", *(f"results/figures/{name}.png" for name in FIGURES))
RUN_FILES = ("history.parquet", "weights.parquet", "metrics.parquet")


def slurm(*command: str) -> str:
    """Run a Slurm command; return what it prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def wait_for(what: str, condition: Callable, seconds: float = 120) -> object:
    """Return what the condition gives as soon as it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := condition():
            return result
        time.sleep(0.05)
    pytest.fail(f"waited {seconds:g} s in vain: {what}")


class Cluster:
    """The two nodes of cluster.sh, and how to break them."""

    def __init__(self, folder: Path):
        self.folder = folder

    def start(self) -> None:
        """Start what does not run."""
        subprocess.run([CLUSTER, "start", self.folder], check=True, timeout=120)

    def kill(self, daemon: str, how: signal.Signals) -> None:
        """End slurmctld, node1 or node2 by its pid file, and wait until it is gone."""
        process = psutil.Process(int((self.folder / f"{daemon}.pid").read_text()))
        process.send_signal(how)
        wait_for(f"the end of {daemon}", lambda: not process.is_running())

    def kill_node(self, node: str) -> None:
        """What a power cut does to a node: its daemon, its job steps and their processes die."""
        self.kill(node, signal.SIGKILL)
        jobs = [process for process in psutil.process_iter() if node_of(process) == node]
        # Steps first: they would report the end of their processes.
        steps = {parent for job in jobs for parent in parents_of(job) if is_step(parent)}
        for process in [*steps, *jobs]:
            kill(process)


def kill(process: psutil.Process) -> None:
    """Kill a process that may be gone already."""
    with suppress(psutil.NoSuchProcess):
        process.kill()


def freeze(process: psutil.Process) -> bool:
    """Stop a process; false if it is gone, or was stopped before."""
    try:
        if process.status() == psutil.STATUS_STOPPED:
            return False
        process.suspend()
        # It stops a moment later; until then, another look would take it for one that runs.
        wait_for("its stop", lambda: process.status() == psutil.STATUS_STOPPED)
    except psutil.NoSuchProcess:
        return False
    return True


def node_of(process: psutil.Process) -> str | None:
    """The node on which a process runs, if it belongs to a job of this cluster."""
    try:
        environment = process.environ()
    except psutil.Error:
        return None
    return environment.get("SLURMD_NODENAME")


def parents_of(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.parents()
    except psutil.NoSuchProcess:
        return []


def is_step(process: psutil.Process) -> bool:
    """Whether a process is Slurm's own one in charge of a job step."""
    with suppress(psutil.NoSuchProcess):
        return process.name() == "slurmstepd"
    return False


class Sweep:
    """A copy of the project whose workflow runs through Slurm."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.results = folder / "results"
        self.log = folder / "head.log"
        self.frozen: set[str] = set()  # the Slurm jobs of trainings that were stopped

    def write_config(self) -> None:
        """Add the sweep to the tiny config."""
        path = self.folder / "tests" / "config.tiny.yaml"
        config = yaml.safe_load(path.read_text())
        for name, task in TASKS.items():
            config["tasks"][name] |= task
        path.write_text(yaml.safe_dump(config))

    def set_epochs(self, task: str, epochs: int) -> None:
        """Change a parameter of the trainings of one task."""
        path = self.folder / "tests" / "config.tiny.yaml"
        config = yaml.safe_load(path.read_text())
        config["tasks"][task]["max_epochs"] = epochs
        path.write_text(yaml.safe_dump(config))

    def start(self, *arguments: str, local: bool = False) -> subprocess.Popen:
        """Start Snakemake with options and targets, its output going to the end of the log."""
        command = [sys.executable, "-m", "snakemake", "--cores", "2"]
        if not local:
            command += ["--profile", "tests/slurm/profile"]
            command += ["--workflow-profile", "profiles/slurm"]
            # These trainings are short: a first look at them after a second.
            command += ["--slurm-init-seconds-before-status-checks", "1"]
        command += ["--configfile", "config.yaml", "tests/config.tiny.yaml", "--nocolor"]
        command += arguments
        with self.log.open("a") as log:
            return subprocess.Popen(
                command, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT, env=self.environment
            )

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"REPRODUCE_REPORT_CACHE": str(self.folder / "cache")}

    def run(self, *arguments: str, local: bool = False) -> int:
        """Run Snakemake to its end; return its exit code."""
        return self.start(*arguments, local=local).wait(timeout=600)

    def run_id(self) -> str:
        """The name that the jobs of the latest start carry in Slurm."""
        return re.findall(r"SLURM run ID: (\S+)", self.log.read_text())[-1]

    def jobs(self) -> dict[str, tuple[str, str]]:
        """Node and state of the latest start's Slurm jobs, ended ones included."""
        listing = slurm("squeue", "--states=all", "-h", f"--name={self.run_id()}", "-o", "%i %T %N")
        rows = (line.split(" ") for line in listing.splitlines())
        return {job: (node, state) for job, state, node in rows}

    def running(self) -> set[str]:
        """The latest start's Slurm jobs that run or are about to end."""
        alive = ("RUNNING", "COMPLETING")
        return {job for job, (node, state) in self.jobs().items() if state in alive}

    def states(self) -> set[str]:
        """How the latest start's Slurm jobs ended."""
        return {state for node, state in self.jobs().values()}

    def frozen_training(self, after: int = 1) -> psutil.Process:
        """A training that was stopped in its middle, so that the fault to come surely hits it.

        Args:
            after: trainings that have finished by then.
        """

        def freeze_one() -> psutil.Process | None:
            if len(self.finished()) < after:
                return None
            for process in psutil.process_iter(["cmdline", "cwd"]):
                if process.info["cwd"] != str(self.folder) or not node_of(process):
                    continue
                trains = "workflow/scripts/train.py" in (process.info["cmdline"] or [])
                if trains and freeze(process):
                    self.frozen.add(job_of(process))
                    return process
            return None

        return wait_for("a training in its middle", freeze_one)

    def finished(self) -> list[Path]:
        """The folders of the blocks that are there and that Snakemake takes for complete."""
        folders = (path.parent for path in self.results.glob("runs/**/metrics.parquet"))
        return [
            folder for folder in folders if all(self.complete(folder / name) for name in RUN_FILES)
        ]

    def complete(self, path: Path) -> bool:
        """Whether a file is there without the mark that Snakemake puts on it until its job ends."""
        mark = urlsafe_b64encode(str(path.relative_to(self.folder)).encode()).decode()
        return path.exists() and not (self.folder / ".snakemake" / "incomplete" / mark).exists()

    def keep_finished(self, ended: bool = False) -> int:
        """Hold fast to what is finished, to see later that it was not made again.

        Args:
            ended: wait for the end of the Slurm jobs, too; a job that is complete in its files but
                not yet in Slurm loses them with its node.
        """
        keep = self.folder / "kept"
        folders, ending = self.finished(), self.running() - self.frozen
        if ended:
            wait_for("the end of jobs", lambda: not ending & self.running())
        for folder in folders:
            for name in RUN_FILES:
                link = keep / (folder / name).relative_to(self.folder)
                link.parent.mkdir(parents=True, exist_ok=True)
                # A second name of the same file: its inode cannot be given to another one.
                link.hardlink_to(folder / name)
        return len(list(keep.rglob("metrics.parquet")))

    def kept_files_are_untouched(self) -> bool:
        """Whether nothing that was finished was made again."""
        keep = self.folder / "kept"
        links = [path for path in keep.rglob("*") if path.is_file()]
        return all(link.samefile(self.folder / link.relative_to(keep)) for link in links)

    def contents(self) -> dict[str, bytes]:
        """Every product by its path; logs and benchmarks left out, because they carry times.

        So is the half of a file that a killed training left under its temporary name.
        """
        return {
            str(path.relative_to(self.results)): path.read_bytes()
            for path in sorted(self.results.rglob("*"))
            if path.is_file()
            and path.relative_to(self.results).parts[0] not in ("logs", "benchmarks")
            and not path.name.startswith(".")
        }


def job_of(process: psutil.Process) -> str:
    """The Slurm job that a process belongs to."""
    return process.environ()["SLURM_JOB_ID"]


def copy_project(folder: Path) -> Sweep:
    """Copy the files that git knows of, as they are in the work tree."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listing.stdout.split("\0")):
        if (source := REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name)
    sweep = Sweep(folder)
    sweep.write_config()
    return sweep

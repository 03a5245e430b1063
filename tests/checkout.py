"""A finished run of the real workflow on a small cut of real MNIST, to copy and to disturb."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[1]
SCRIPTS = REPOSITORY / "workflow" / "scripts"


class Checkout:
    """A copy of the project's files in which Snakemake runs for real."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.results = folder / "results"
        self.environment = os.environ | {"REPRODUCE_REPORT_CACHE": str(folder / "cache")}

    def command(self, *arguments: str) -> list[str]:
        """The command line of Snakemake with the tiny config."""
        command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
        return [*command, "--configfile", "config.yaml", "tests/config.tiny.yaml"]

    def start(self, *arguments: str) -> subprocess.Popen:
        """Start Snakemake as the leader of a process group of its own, to read and to kill."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment,
        )

    def unlock(self) -> None:
        """Remove the lock of a killed run, as `make reproduce` does first of all."""
        command = [sys.executable, "tools/unlock_stale.py"]
        process = subprocess.run(command, cwd=self.folder)
        if process.returncode:
            # Killed in the moment between its lock and its name, so that nobody knows whose it is.
            assert not list((self.folder / ".snakemake" / "locks").glob("owner.*"))
            subprocess.run(self.command("--unlock"), cwd=self.folder, check=True)

    def snakemake(self, *arguments: str, check: bool = True) -> str:
        """Run Snakemake with the tiny config; return all it printed."""
        process = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
            env=self.environment,
        )
        if check:
            assert process.returncode == 0, process.stdout
        else:
            assert process.returncode != 0, process.stdout
        return process.stdout

    def planned(self) -> dict[str, int]:
        """Jobs by rule that a run would do now, `all` left out."""
        lines = self.snakemake("--dry-run").splitlines()
        counts = dict(re.findall(r"^(\w+) +(\d+)$", "\n".join(lines), re.MULTILINE))
        return {rule: int(n) for rule, n in counts.items() if rule not in ("all", "total")}

    def trained(self, task: str = "*") -> list[Path]:
        """The folders of the blocks that are trained: one a job."""
        return sorted(path.parent for path in self.results.glob(f"runs/{task}/**/metrics.parquet"))

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a piece of text that must be there."""
        path = self.folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def set_config(self, place: str, value: object) -> None:
        """Set a value of the tiny config by its dotted place."""
        path = self.folder / "tests" / "config.tiny.yaml"
        config = yaml.safe_load(path.read_text())
        *parents, last = place.split(".")
        mapping = config
        for parent in parents:
            mapping = mapping.setdefault(parent, {})
        mapping[last] = value
        path.write_text(yaml.safe_dump(config))

    def contents(self) -> dict[str, bytes]:
        """Every product by its path; logs and benchmarks left out, because they carry times.

        So is the half of a file that a killed job may leave under its hidden temporary name: who
        writes the file next removes it, unless the killed one still hangs in a write to the disk.
        """
        return {
            str(path.relative_to(self.results)): path.read_bytes()
            for path in sorted(self.results.rglob("*"))
            if path.is_file()
            and path.relative_to(self.results).parts[0] not in ("logs", "benchmarks")
            and not path.name.startswith(".")
        }


def copy_project(folder: Path) -> Checkout:
    """Copy the files that git knows of, as they are in the work tree, and what is compiled of them.

    To compile it once more for each copy would take longer than what most tests are about.
    """
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    compiled = [path for end in ("pyc", "nbc", "nbi") for path in SCRIPTS.rglob(f"*.{end}")]
    names = [str(path.relative_to(REPOSITORY)) for path in compiled]
    for name in filter(None, [*listing.stdout.split("\0"), *names]):
        source = REPOSITORY / name
        if source.is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return Checkout(folder)


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id) -> Checkout:
    """A finished run, the same for all processes of this session.

    Its folder has a space and letters beyond ASCII, as a user's may have.
    """
    session = tmp_path_factory.getbasetemp()
    session = session if worker_id == "master" else session.parent
    folder = session / "a run" / "höme dir"
    with (session / "a run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the first process runs it, the others wait for it
        if not (session / "a run.finished").exists():
            copy_project(folder).snakemake()
            (session / "a run.finished").touch()
    return Checkout(folder)


@pytest.fixture
def checkout(finished, tmp_path) -> Checkout:
    """A copy of the finished run that a test may change."""
    shutil.copytree(finished.folder, tmp_path / "copy", symlinks=True)
    return Checkout(tmp_path / "copy")


@pytest.fixture
def fresh(tmp_path) -> Checkout:
    """The project's files without any results."""
    return copy_project(tmp_path / "fresh")


@pytest.fixture
def new_checkout(tmp_path):
    """Make as many fresh checkouts as a test wants."""
    return lambda name: copy_project(tmp_path / name)

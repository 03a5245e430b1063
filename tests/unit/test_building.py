"""The environment of the Makefile: whole, or built anew."""

import os
import shutil
import subprocess
import sys

import pytest

#: A Python whose environments have, instead of pip, what says how it is called.
STAND_IN = """#!/bin/sh
case "$*" in
*"-m venv"*)
    "{python}" -m venv --without-pip --clear .venv
    echo 'import os, sys; print("pip", os.environ["PIP_USER"], *sys.argv[1:])' >pip.py
    mv pip.py .venv/lib/python*/site-packages/ ;;
*) exec "{python}" "$@" ;;
esac
"""


@pytest.fixture
def build(repository, tmp_path):
    """Call the script; returns what it said."""
    (tmp_path / "requirements.txt").write_text("a==1\n")
    (tmp_path / "more.txt").write_text("b==1\n")
    python = tmp_path / "python3"
    python.write_text(STAND_IN.format(python=sys.executable))
    python.chmod(0o755)

    def call(wanted: str = "", *more: str) -> str:
        command = [repository / "tools" / "environment.sh", wanted, "requirements.txt", *more]
        environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PIP_USER": "1"}
        process = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        assert process.stderr == ""
        return process.stdout

    assert "Building" in call()
    return call


def test_a_whole_environment_is_left_alone(build, tmp_path):
    assert build() == ""
    assert build(str(tmp_path / "python3")) == "", "the one that built it"


def dangling(folder):
    (folder / ".venv" / "bin" / "python").unlink()
    (folder / ".venv" / "bin" / "python").symlink_to("/nowhere/python3.11")


def without_packages(folder):
    """As after an upgrade of what python3 is: it looks for packages in another folder."""
    (next((folder / ".venv" / "lib").glob("python*")) / "site-packages").rename(folder / "away")


def half_built(folder):
    (folder / ".venv" / "state").unlink()


def other_lock(folder):
    (folder / "requirements.txt").write_text("a==2\n")


def moved(folder):
    """To where another folder was: commands in it name their Python by its old place."""
    state = folder / ".venv" / "state"
    state.write_text(state.read_text().replace(str(folder), "/elsewhere"))


@pytest.mark.parametrize("damage", [dangling, without_packages, half_built, other_lock, moved])
def test_a_broken_environment_is_built_anew(build, tmp_path, damage):
    damage(tmp_path)
    output = build()
    assert "Building" in output and "pip 0 install" in output and "--require-hashes" in output
    assert build() == ""


def test_another_python_builds_another_environment(build, tmp_path):
    other = tmp_path / "other"
    shutil.copy(tmp_path / "python3", other)
    other.write_text(
        other.read_text().replace("*) exec", '*"base_prefix"*) echo other ;;\n*) exec')
    )
    assert "Building" in build("./other")


def test_the_packages_of_the_tests_are_added_and_only_if_asked_for(build, tmp_path):
    output = build("", "more.txt")
    assert "Building" not in output
    assert "--requirement requirements.txt --requirement more.txt" in output
    assert build("", "more.txt") == build() == ""
    (tmp_path / "more.txt").write_text("b==2\n")
    assert "Adding" in build("", "more.txt")


def test_an_old_python_is_refused_with_the_cure(repository, tmp_path):
    old = tmp_path / "old"
    old.write_text('#!/bin/sh\nexec python3 -c "import sys; sys.version_info = (3, 9); $4"\n')
    old.chmod(0o755)
    command = [repository / "tools" / "environment.sh", "./old", "requirements.txt"]
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert process.returncode == 1 and "make PYTHON=python3.12" in process.stderr
    assert not (tmp_path / ".venv").exists()

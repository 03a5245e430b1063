"""Whose process is known to be dead, and what is left alone because nobody knows."""

import os
import subprocess
import sys

import pytest

from common import processes
from common.files import replace_atomically
from common.processes import is_known_dead, process_named, this_process


@pytest.fixture
def dead():
    """A process of this place that has ended; its number is nobody's now."""
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    return this_process()._replace(number=child.pid, start=1)


def test_a_name_says_all_of_a_process():
    assert process_named(this_process().name) == this_process()
    assert process_named("some.host.123") is None


def test_only_a_process_that_runs_no_more_here_is_known_to_be_dead(dead):
    assert is_known_dead(dead)
    here = this_process()
    assert not is_known_dead(here)
    assert is_known_dead(here._replace(start=here.start - 1))  # the number is another's now


def test_a_killed_process_that_nobody_has_asked_for_is_dead():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        alive = this_process()._replace(number=child.pid, start=processes._status(child.pid)[1])
        assert not is_known_dead(alive)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert is_known_dead(alive)


def test_of_other_hosts_and_containers_nobody_knows(dead):
    for unknown in (
        dead._replace(host="0" * 8),
        dead._replace(namespace=dead.namespace + 1),
        dead._replace(namespace=0),
        dead._replace(boot="0" * 8, namespace=4026532000),
    ):
        assert not is_known_dead(unknown)


def test_a_restart_of_this_host_ended_all(monkeypatch):
    before = this_process()._replace(namespace=4026531836)
    monkeypatch.setattr(processes, "_namespace", lambda: 4026531836)
    assert is_known_dead(before._replace(boot="0" * 8))


def test_a_process_of_another_user_is_alive(monkeypatch):
    other = this_process()._replace(number=os.getppid())
    other = other._replace(start=processes._status(other.number)[1])

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert not is_known_dead(other)


def test_only_temporary_files_of_the_dead_are_removed(tmp_path, dead):
    names = {
        owner: f".table.{process.name}.tmp.parquet"
        for owner, process in {
            "dead": dead,
            "alive": this_process()._replace(number=os.getppid(), start=0),
            "elsewhere": dead._replace(host="0" * 8),
        }.items()
    }
    for name in [*names.values(), ".table.some-host.12.tmp.parquet"]:
        (tmp_path / name).touch()
    with replace_atomically(tmp_path / "table.parquet") as temporary:
        temporary.write_bytes(b"x")
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {
        "table.parquet", ".table.some-host.12.tmp.parquet", names["alive"], names["elsewhere"]
    }  # fmt: skip

"""What a user sees of a run: on a terminal, in a file, and when a job fails."""

import os
import pty
import re
import shutil
import signal
import subprocess
import termios

import pytest

SHOWN = ("--logger", "reproduce")  # as in `make reproduce`
TIME = r"(\d+ min ?)?(\d+ s)?"  # a busy machine takes minutes


@pytest.fixture(autouse=True)
def plugin_on_the_path(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "workflow/plugins")


def on_a_terminal(checkout, *arguments: str, interrupt_after: str | None = None) -> str:
    """Run Snakemake on a terminal of its own, which is also the one that interrupts it."""
    head, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 100))
    process = subprocess.Popen(
        checkout.command(*arguments),
        cwd=checkout.folder,
        env=checkout.environment | {"TERM": "xterm"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    shown = b""
    try:
        while block := os.read(head, 4096):
            shown += block
            if interrupt_after and interrupt_after.encode() in shown:
                os.killpg(process.pid, signal.SIGINT)
                interrupt_after = None
    except OSError:  # so Linux says that nobody has the terminal open any more
        pass
    os.close(head)
    assert interrupt_after is None
    process.wait()
    return shown.decode().replace("\r\n", "\n")


def seen(shown: str) -> list[str]:
    """The lines that are left on the terminal, of each what was written over the rest."""
    return [line.rpartition("\r")[2] for line in shown.split("\n")]


def test_a_dry_run_says_what_would_be_trained_and_about_how_long_it_takes(checkout):
    lines = checkout.snakemake("--dry-run", "--forcerun", "train", *SHOWN).splitlines()
    trainings = [line for line in lines if line.startswith("Training ")]
    assert len(trainings) == len(list(checkout.results.glob("runs/**/metrics.parquet")))
    assert re.fullmatch(
        rf"{len(trainings)} trainings and \d+ other jobs; about {TIME} of computing,"
        r" by the times of earlier runs\.",
        lines[-1],
    )


def test_a_run_into_a_file_is_short(checkout):
    output = checkout.snakemake("runs", "--forcerun", "train", *SHOWN)
    lines = output.splitlines()
    assert len(lines) < 20
    assert re.search(rf"\d+ of \d+ jobs done, about {TIME} left", output)
    assert re.fullmatch(rf"\d+ jobs done in {TIME}\.", lines[-1]), output
    again = checkout.snakemake("runs", *SHOWN).splitlines()
    assert len(again) < 5 and "Nothing to be done" in again[-1]


def test_a_terminal_has_one_line_that_renews_itself(checkout):
    shutil.rmtree(next(checkout.results.glob("runs/softmax/*")))
    shown = on_a_terminal(checkout, "runs", *SHOWN)
    assert re.search(rf"\r\x1b\[K0/\d jobs; about {TIME} left; Training softmax, lambda ", shown)
    *lines, last = seen(shown)
    assert last == "" and re.search(rf"\d jobs done in {TIME}\.", lines[-1])
    assert len(lines) < 6 and not any("left;" in line for line in lines)


def test_an_interrupted_run_leaves_the_terminal_clean(checkout):
    shown = on_a_terminal(checkout, "runs", "-F", *SHOWN, interrupt_after="Training")
    *lines, last = seen(shown)
    assert last == "" and lines[-1].endswith("The next run goes on from there.")
    assert "Traceback" not in shown and "To run this job alone" not in shown
    assert not any("left;" in line for line in lines)


def test_the_command_of_a_failed_job_runs_that_job_alone(checkout):
    checkout.set_config("tasks.logistic.classes", [3, 77])
    output = checkout.snakemake("runs", *SHOWN, check=False)
    # The summary of the data may come first, and fails of the same.
    shown = re.findall(r"(error: task .*label 77).*\nTo run this job alone:\n  (.*)", output)
    assert len(shown) == 1  # two trainings have failed of it
    ((reason, command),) = shown
    alone = subprocess.run(
        command,
        shell=True,
        cwd=checkout.folder,
        env=checkout.environment,
        capture_output=True,
        text=True,
    )
    assert alone.returncode != 0
    assert reason in alone.stdout + alone.stderr
    assert len(re.findall(r"^Job \d+: ", alone.stderr, re.MULTILINE)) == 1

"""What a user sees of a run: on a terminal, in a file, and when a job fails."""

import os
import pty
import re
import shutil
import signal
import subprocess
import termios

QUIET = ("--quiet", "rules", "host")  # as in `make reproduce`
TIME = r"(\d+ min ?)?(\d+ s)?"  # a busy machine takes minutes


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


def test_a_dry_run_says_how_many_jobs_there_are_and_how_long_they_take(checkout):
    runs = len(checkout.trained())
    last = checkout.snakemake("--dry-run", "--forcerun", "train").splitlines()[-1]
    assert re.fullmatch(
        rf"{runs} trainings and \d+ other jobs; about {TIME} on 2 cores,"
        r" by the times of earlier runs\.",
        last,
    )


def test_a_run_into_a_file_is_short(checkout):
    output = checkout.snakemake("runs", "--forcerun", "train", *QUIET)
    lines = output.splitlines()
    assert len(lines) < 20
    assert re.search(rf"\d+ of \d+ jobs done, 5\d %, about {TIME} left", output)
    assert re.fullmatch(rf"\d+ jobs done in {TIME}\.", lines[-1])
    again = checkout.snakemake("runs", *QUIET).splitlines()
    assert len(again) < 5 and "Nothing to be done" in again[-1]


def test_a_terminal_has_one_line_that_renews_itself(checkout):
    shutil.rmtree(next(checkout.results.glob("runs/softmax/*")))
    shown = on_a_terminal(checkout, "runs", *QUIET)
    assert re.search(rf"\r1/4  *25% \|.*\| about {TIME} left; Training softmax, lambda ", shown)
    *lines, last = seen(shown)
    assert last == "" and re.fullmatch(rf"4 jobs done in {TIME}\.", lines[-1])
    assert len(lines) < 5 and not any("%" in line for line in lines)


def test_an_interrupted_run_leaves_the_terminal_clean(checkout):
    shown = on_a_terminal(checkout, "runs", "-F", *QUIET, interrupt_after="Training")
    *lines, last = seen(shown)
    assert last == "" and lines[-1].endswith("The next run goes on from there.")
    assert "Traceback" not in shown and "To run this job alone" not in shown
    assert not any("%" in line for line in lines)


def test_the_command_of_a_failed_job_runs_that_job_alone(checkout):
    checkout.set_config("tasks.softmax.learning_rate", 1e300)
    output = checkout.snakemake("runs", *QUIET, check=False)
    reasons = re.findall(r"error: task softmax, lambda .*", output)
    command = re.search(r"To run this job alone:\n  (.*)", output)[1]
    alone = subprocess.run(
        command,
        shell=True,
        cwd=checkout.folder,
        env=checkout.environment,
        capture_output=True,
        text=True,
    )
    assert alone.returncode != 0
    assert reasons[0] in alone.stderr
    assert len(re.findall(r"^Job \d+: ", alone.stderr, re.MULTILINE)) == 1

"""What `make reproduce` says while it runs: how long it takes, how far it is, and what failed.

A logger plugin of Snakemake: a package of this name is found wherever Python looks for packages, so
`PYTHONPATH=workflow/plugins snakemake --logger reproduce` uses it. It knows nothing of Snakemake
but the records of events that every such plugin gets. What goes wrong here costs the display, never
the run.
"""

import argparse
import logging
import os
import re
import shlex
import shutil
import sys
import textwrap
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from snakemake_interface_logger_plugins.base import LogHandlerBase

from .estimate import about, announcement, counted, duration, mean_seconds, work

#: Causes of failures that are shown, and the lines of the log of each; its error stands at the end.
SHOWN_CAUSES, SHOWN_LINES = 5, 15
#: Jobs that are named as having failed for the same cause as another.
SHOWN_JOBS = 5
#: Trainings that a dry run lists.
SHOWN_TRAININGS = 20

#: Rules whose jobs print to the terminal themselves, as far as they go well.
_SPEAKING = {"download", "summarise_data"}
#: Who fails says why; who is killed cannot.
_SILENT = (
    "(the log is empty: the job was killed; if for want of memory, run again with fewer cores)"
)
_STOPPING = "Terminating processes on user request"
#: How the messages begin that are neither warnings nor errors and matter to everyone.
_NOTEWORTHY = ("Nothing to be done", "Will exit after finishing", _STOPPING)
#: What Snakemake says at the end of a run in which jobs failed; they have been named by then.
_AFTERWARDS = ("Exiting because a job execution failed", "WorkflowError:\nAt least one job did not")
_RED, _GREEN, _PLAIN = "\033[31m", "\033[32m", "\033[0m"

#: Options without which another run would be about something else.
_OPTIONS = {
    "--snakefile": ("-s", None),
    "--directory": ("-d", None),
    "--profile": ("--profile", None),
    "--workflow-profile": ("--workflow-profile", None),
    "--configfile": ("--configfiles", "+"),
    "--config": ("-C", "+"),
    "--software-deployment-method": ("--sdm", "+"),
}


class _Job(NamedTuple):
    rule: str
    message: str


class LogHandler(LogHandlerBase):
    """Prints in the place of Snakemake's own output."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True  # every record comes here, whatever Snakemake is to be quiet about
    has_formatter = False
    needs_rulegraph = False

    def __post_init__(self) -> None:
        """Nothing is said yet."""
        self._stream = sys.stdout if self.common_settings.stdout else sys.stderr
        terminal = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._renews = terminal and not self.common_settings.dryrun
        self._width = shutil.get_terminal_size().columns if terminal else None
        plain = self.common_settings.nocolor or "NO_COLOR" in os.environ
        self._colours = terminal and not plain
        self._broken = self._stopping = False
        self._started, self._cores = time.monotonic(), None
        self._seconds: dict[str, float] = {}
        self._jobs: Counter[str] = Counter()
        self._finished: Counter[str] = Counter()
        self._running: dict[int, _Job] = {}
        self._planned: list[str] = []
        self._failed: set[int] = set()
        self._causes: dict[tuple, list[str]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Take one record; after an error of our own only say what is an error of the run."""
        if not self._broken:
            try:
                self._take(record)
                return
            except Exception as error:
                self._broken = True
                print(f"note: no progress is shown ({error!r}); the run goes on", file=sys.stderr)
        if record.levelno >= logging.WARNING:
            print(record.getMessage(), file=sys.stderr)

    def close(self) -> None:
        """Say what has come of the run."""
        with suppress(Exception):
            if self._jobs and not self._broken:
                self._end()
        self._jobs.clear()  # logging closes its handlers once more when Python ends
        super().close()

    def _take(self, record: logging.LogRecord) -> None:
        match str(getattr(record, "event", None)):
            case "resources_info":
                self._cores = getattr(record, "cores", self._cores)
            case "run_info":
                self._plan(record.stats)
            case "job_info":
                job = _Job(record.rule_name, record.rule_msg or record.rule_name)
                self._running[record.jobid] = job
                self._planned += [job.message] * (job.rule == "train")
                self._draw()
            case "job_finished":
                self._failed.discard(record.job_id)  # a retry that succeeded
                if job := self._running.pop(record.job_id, None):
                    self._finished[job.rule] += 1
                self._draw(finished=True)
            case "job_error":
                self._fail(record)
            case "group_error":
                self._say(self.format(record), _RED)
            case "error" | "None":
                self._stopping |= record.getMessage().startswith(_STOPPING)
                if _is_worth_passing_on(record):
                    self._say(self.format(record), _RED * (record.levelno >= logging.ERROR))

    def _plan(self, stats: dict[str, int]) -> None:
        self._jobs = Counter({rule: n for rule, n in stats.items() if rule != "total"})
        self._seconds = mean_seconds(self._jobs)
        self._started = time.monotonic()
        if not self.common_settings.dryrun:
            self._say(announcement(self._jobs, self._seconds, self._cores))

    def _fail(self, record: logging.LogRecord) -> None:
        job = self._running.pop(record.jobid, _Job(record.rule_name, record.rule_name))
        if self._stopping:
            return
        self._failed.add(record.jobid)
        logs = [(log, last_lines(Path(log))) for log in record.log]
        cause = (job.rule, *(cause_of(lines) for _, lines in logs))
        if cause in self._causes:
            if job.message not in self._causes[cause]:
                self._causes[cause].append(job.message)
            return
        self._causes[cause] = [job.message]
        if len(self._causes) <= SHOWN_CAUSES:
            self._say(f"Failed: {job.message}", _RED)
            for log, lines in logs:
                self._say("\n".join([f"  {log}:", *(f"    {line}" for line in lines)]))
            self._say("To run this job alone:")
            self._say(f"  {command_for(record.output[0])}", wrapped=False)

    def _end(self) -> None:
        if self.common_settings.dryrun:
            more = len(self._planned) - SHOWN_TRAININGS
            shown = self._planned[:SHOWN_TRAININGS] + [f"... and {more} more"] * (more > 0)
            self._say("\n".join([*shown, announcement(self._jobs, self._seconds, self._cores)]))
            return
        done, total = self._finished.total(), self._jobs.total()
        elapsed = duration(time.monotonic() - self._started)
        if done == total:
            self._say(f"{counted(total, 'job')} done in {elapsed}.", _GREEN)
            return
        failures = ""
        for first, *others in self._causes.values() if self._failed else []:
            if others:
                more = f", and {len(others) - SHOWN_JOBS} more" * (len(others) > SHOWN_JOBS)
                self._say(
                    f"Failed for the same cause as {first}: {'; '.join(others[:SHOWN_JOBS])}{more}",
                    _RED,
                )
        if self._failed:
            causes = counted(len(self._causes), "cause")
            failures = f"; {len(self._failed)} failed, of {causes} (logs: results/logs/)"
        self._say(
            f"{done} of {counted(total, 'job')} done in {elapsed}{failures}. "
            "The next run goes on from there.",
            _RED * bool(failures),
        )

    def _draw(self, finished: bool = False) -> None:
        """Renew the line on a terminal; elsewhere say every tenth of the jobs."""
        done, total = self._finished.total(), self._jobs.total()
        if self._stopping or self.common_settings.dryrun or not total:
            return
        left = self._left()
        if self._renews:
            speaking = any(job.rule in _SPEAKING for job in self._running.values())
            first, *others = [job.message for job in self._running.values()] or [""]
            now = first + f" and {len(others)} more" * bool(others)
            line = "; ".join(filter(None, [f"{done}/{total} jobs", left, now]))
            # It gives way to what comes next, and the cursor stays at its beginning.
            shown = "" if speaking or done == total else line[: self._width - 1]
            print(f"\r\033[K{shown}\r", end="", file=self._stream, flush=True)
        elif finished and done < total and done * 10 // total > (done - 1) * 10 // total:
            self._say(", ".join(filter(None, [f"{done} of {total} jobs done", left])))

    def _left(self) -> str:
        """The time left, by the pace of this run, and before it shows by earlier ones."""
        whole, elapsed = work(self._jobs, self._seconds), time.monotonic() - self._started
        if not whole:
            return ""
        share = work(self._finished, self._seconds) / whole
        by_pace = elapsed * (1 - share) / share if share >= 0.1 else None
        left = whole * (1 - share) / (self._cores or 1) if by_pace is None else by_pace
        return f"{about(left)} left"

    def _say(self, text: str, colour: str = "", wrapped: bool = True) -> None:
        """Print lines in the place of the renewing one, which comes again with the next event."""
        if self._width and wrapped:
            text = "\n".join(_wrap(line, self._width) for line in text.splitlines())
        if self._renews:
            text = f"\r\033[K{text}"
        if colour and self._colours:
            text = f"{colour}{text}{_PLAIN}"
        print(text, file=self._stream, flush=True)


def _wrap(line: str, width: int) -> str:
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.fill(
        line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def last_lines(log: Path) -> list[str]:
    """The end of a log; of a log that is not there or empty, these words."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").rstrip().splitlines()
    except OSError:
        return ["(no log: the job did not come so far)"]
    return lines[-SHOWN_LINES:] or [_SILENT]


def cause_of(lines: list[str]) -> str:
    """The error at the end of a log without its numbers and paths, to tell one cause from another.

    A mistake in the config makes a hundred jobs fail with the same words.
    """
    starts = [i for i, line in enumerate(lines) if line.startswith("error: ")] or [-1]
    return re.sub(r"\S*[\d/]\S*", "*", " ".join(lines[starts[-1] :]))


def _is_worth_passing_on(record: logging.LogRecord) -> bool:
    """Warnings, errors, and the few messages that matter to everyone."""
    message = record.getMessage()
    if record.levelno < logging.WARNING:
        return message.startswith(_NOTEWORTHY)
    # Of a command that failed this has but its text; what it says itself is in the log.
    command = getattr(record, "exception", "") == "RuleException" and "CalledProcess" in message
    return not command and not message.startswith(_AFTERWARDS)


def command_for(file: str) -> str:
    """The command that makes one file as this run would, for a shell in the same folder."""
    parser = argparse.ArgumentParser(add_help=False)
    for option, (other, count) in _OPTIONS.items():
        parser.add_argument(*dict.fromkeys([option, other]), dest=option, nargs=count)
    parser.add_argument("--replace-workflow-config", action="store_true")
    given = vars(parser.parse_known_args(sys.argv[1:])[0])
    words = ["--replace-workflow-config"] * given.pop("replace_workflow_config")
    for option, value in given.items():
        if value:
            words += [option, *([value] if isinstance(value, str) else value)]
    python = Path(sys.executable)
    python = python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python
    return shlex.join([str(python), "-m", "snakemake", "--cores", "1", *words, "--", file])

"""What a run says while it runs: how long it will take, how far it is, and what failed.

Snakemake logs records of events. `Progress` is a handler of these records. With `--quiet rules` it
takes the place of Snakemake's own output; without, it adds only what Snakemake does not say.
"""

import logging
import os
import shlex
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from snakemake.common import NOTHING_TO_BE_DONE_MSG
from snakemake.logging import logger
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.common import LogEvent
from tqdm import tqdm

from pipeline.estimate import (
    about,
    announcement,
    counted,
    duration,
    expected_seconds,
    mean_seconds,
    share_done,
    time_left,
)

if TYPE_CHECKING:  # imported first, it imports itself in a circle
    from snakemake.workflow import Workflow

#: Failed jobs that are shown; one mistake in the config can make hundreds fail.
SHOWN_FAILURES = 5
#: Lines of a failed job's log that are shown; its error stands at the end.
SHOWN_LINES = 15

#: Rules whose jobs print their logs to the terminal themselves.
_SPEAKING = {"download"}
#: How the messages begin that Snakemake logs without an event and that matter to everyone.
_STOPPING = "Terminating processes on user request"
_NOTEWORTHY = (NOTHING_TO_BE_DONE_MSG, _STOPPING, "Will exit after finishing")


def summary(done: int, total: int, failed: int, elapsed: float) -> str:
    """What has come of a run, at its end; `elapsed` in seconds."""
    if done == total:
        return f"{counted(total, 'job')} done in {duration(elapsed)}."
    failures = f"; {failed} failed" * bool(failed)
    if failed > SHOWN_FAILURES:
        failures += f", of which {SHOWN_FAILURES} are shown: the logs of all are in results/logs/"
    return (
        f"{done} of {counted(total, 'job')} done in {duration(elapsed)}{failures}. "
        "The next run goes on from there."
    )


def last_lines(log: Path) -> list[str]:
    """The end of a log; of a log that is not there or empty, these words."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").rstrip().splitlines()
    except OSError:
        return ["(no log: the job did not come so far)"]
    return lines[-SHOWN_LINES:] or ["(the log is empty)"]


class _Job(NamedTuple):
    rule: str
    message: str


class Progress(logging.Handler):
    """Says at the start how long a run will take, and of a failed job how to run it alone.

    Where Snakemake is to be quiet about rules, but not about progress, it also says how far the run
    is, shows why a job failed, and passes on warnings and errors: then it can take the place of
    Snakemake's own handler, as `replaces` says.
    """

    def __init__(
        self,
        stream: TextIO,
        quiet: Collection[Quietness],
        dry_run: bool,
        cores: int | None,
        measured: Collection[str],
        command: Callable[[str], str],
    ):
        """Nothing is said yet.

        Args:
            stream: where Snakemake prints.
            quiet: what Snakemake is to be quiet about.
            dry_run: nothing is run; the estimate is said at the end, below the list of jobs.
            cores: that share the work; None on a cluster.
            measured: the rules that have a benchmark; the others take no time, and do not count.
            command: gives the command that makes one file.
        """
        super().__init__()
        self._estimates = dry_run or not {Quietness.PROGRESS, Quietness.ALL} & set(quiet)
        self._shows_failures = bool({Quietness.RULES, Quietness.ALL} & set(quiet))
        self.replaces = self._estimates and Quietness.RULES in quiet and not dry_run
        self._stream, self._dry_run, self._cores = stream, dry_run, cores
        self._measured, self._command = measured, command
        self._counts: Counter[str] = Counter()
        self._seconds: dict[str, float] = {}
        self._running: dict[int, _Job] = {}
        self._finished: Counter[str] = Counter()
        self._failed: set[int] = set()
        self._stopping = False
        self._started, self._since = time.monotonic(), time.time()
        self._line: tqdm | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Take one record of Snakemake's."""
        try:
            self._take(record)
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Say what is to be said at the end, on a line of its own."""
        with self.lock:
            if self._line:
                self._line.close()
            if self._counts and self._dry_run:
                self._announce()
            elif self._counts and self.replaces:
                done, elapsed = self._finished.total(), time.monotonic() - self._started
                self._say(summary(done, self._counts.total(), len(self._failed), elapsed))
            self._counts.clear()  # logging closes its handlers once more when Python ends
        super().close()

    def _take(self, record: logging.LogRecord) -> None:
        match getattr(record, "event", None):
            case LogEvent.RUN_INFO:
                self._start(record.stats)
            case LogEvent.JOB_INFO if record.rule_name in self._measured:
                message = record.rule_msg or record.rule_name
                self._running[record.jobid] = _Job(record.rule_name, message)
                self._draw()
            case LogEvent.JOB_FINISHED:
                self._finish(record.job_id)
            case LogEvent.JOB_ERROR:
                self._fail(record)
            case LogEvent.GROUP_ERROR:
                if self._shows_failures:
                    jobs = counted(len(record.job_error_info), "job")
                    self._say("\n".join([f"Failed: a group of {jobs}", *_logs(record.aux_logs)]))
            case _:
                self._stopping |= record.getMessage().startswith(_STOPPING)
                if self.replaces and _is_worth_passing_on(record):
                    self._say(self.format(record))

    def _start(self, stats: dict[str, int]) -> None:
        self._counts = Counter({rule: n for rule, n in stats.items() if rule in self._measured})
        if not self._counts or not self._estimates:
            return
        self._seconds = mean_seconds(self._counts)
        self._started = time.monotonic()
        if not self._dry_run:
            self._announce()
        if self.replaces and self._stream.isatty() and os.environ.get("TERM") != "dumb":
            self._line = tqdm(
                total=self._counts.total(),
                file=self._stream,
                bar_format="{n_fmt}/{total_fmt} {percentage:3.0f}% |{bar:10}| {desc}",
                dynamic_ncols=True,
                leave=False,
            )

    def _announce(self) -> None:
        self._say(announcement(self._counts, self._seconds, self._cores))

    def _finish(self, jobid: int) -> None:
        self._failed.discard(jobid)  # a retry that succeeded
        if job := self._running.pop(jobid, None):
            self._finished[job.rule] += 1
            self._draw(finished=True)

    def _fail(self, record: logging.LogRecord) -> None:
        job = self._running.pop(record.jobid, _Job(record.rule_name, record.rule_name))
        # Of a group that failed Snakemake names all jobs, those too that were done before.
        done = record.indent and all(self._is_new(Path(file)) for file in record.output)
        if self._stopping or done:
            return
        again = record.jobid in self._failed
        self._failed.add(record.jobid)
        if len(self._failed) <= SHOWN_FAILURES and not again:
            logs = [] if job.rule in _SPEAKING else record.log
            shown = [f"Failed: {job.message}", *_logs(logs)] if self._shows_failures else []
            command = self._command(record.output[0])
            self._say("\n".join([*shown, "To run this job alone:", f"  {command}"]))

    def _is_new(self, file: Path) -> bool:
        """Whether this run has made a file."""
        # The clock of the files lies a little behind, and may be another machine's.
        return file.exists() and file.stat().st_mtime > self._since - 1

    def _draw(self, finished: bool = False) -> None:
        """Renew the line on a terminal; elsewhere say every tenth of the jobs."""
        if not self.replaces or self._stopping:
            return
        done, total = self._finished.total(), self._counts.total()
        if self._line is None:
            if finished and done < total and done * 10 // total > (done - 1) * 10 // total:
                percent = f"{done * 100 // total} %"
                self._say(", ".join([f"{done} of {total} jobs done", percent, *self._left()]))
        elif done == total or any(job.rule in _SPEAKING for job in self._running.values()):
            self._line.clear()
        else:
            self._line.n = done
            self._line.set_description_str("; ".join([*self._left(), *self._now()]))

    def _left(self) -> Iterator[str]:
        """The time left, as far as it is known."""
        # On a cluster the sum of the work says nothing about the time.
        expected = self._cores and expected_seconds(self._counts, self._seconds, self._cores)
        share = share_done(self._finished, self._counts, self._seconds)
        left = time_left(share, time.monotonic() - self._started, expected)
        if left is not None:
            yield f"{about(left)} left"

    def _now(self) -> Iterator[str]:
        """What runs now: the job that has run longest, and how many others."""
        if self._running:
            first, *others = self._running.values()
            yield first.message + (f" and {len(others)} more" if others else "")

    def _say(self, text: str) -> None:
        """Print lines in the place of the renewing one, which comes again with the next event."""
        if self._line:
            self._line.clear()
        print(text, file=self._stream, flush=True)


def _logs(logs: Iterable[str]) -> Iterator[str]:
    """The name and the last lines of each log."""
    for log in logs:
        yield f"  {log}:"
        yield from (f"    {line}" for line in last_lines(Path(log)))


def _is_worth_passing_on(record: logging.LogRecord) -> bool:
    """Warnings, errors, and the few messages that matter to everyone."""
    message = record.getMessage()
    if record.levelno < logging.WARNING:
        return message.startswith(_NOTEWORTHY)
    # Of a command that failed this has but its text; what it says itself is in the log.
    return not (getattr(record, "exception", "") == "RuleException" and "CalledProcess" in message)


def command_for(file: str, workflow: "Workflow") -> str:
    """The command that makes one file with the configuration of this run, for a shell."""
    snakemake = Path(sys.executable).with_name("snakemake")
    if snakemake.is_relative_to(workflow.workdir_init):
        snakemake = snakemake.relative_to(workflow.workdir_init)
    settings = workflow.config_settings
    options = {
        "--directory": [workflow.overwrite_workdir] if workflow.overwrite_workdir else [],
        "--configfile": [os.path.relpath(f, workflow.workdir_init) for f in settings.configfiles],
        "--config": settings.config_args,
    }
    replaced = ["--replace-workflow-config"] * settings.replace_workflow_config
    given = replaced + [
        word for name, values in options.items() if values for word in (name, *values)
    ]
    return shlex.join(map(str, [snakemake, "--cores", "1", *given, "--", file]))


def attach(workflow: "Workflow") -> None:
    """Let a `Progress` listen to this run; not to the jobs for which Snakemake starts again."""
    own = next((h for h in logger.handlers if h.name == "DefaultStreamHandler"), None)
    # Without it a plug-in of the user's choice prints.
    if own is None or not workflow.is_main_process:
        return
    handler = Progress(
        stream=own.stream,
        quiet=workflow.output_settings.quiet or (),
        dry_run=workflow.output_settings.dryrun,
        cores=None if workflow.nodes else workflow.resource_settings.cores,
        measured={rule.name for rule in workflow.rules if rule.benchmark},
        command=lambda file: command_for(file, workflow),
    )
    handler.setFormatter(own.formatter)
    if handler.replaces:
        logger.removeHandler(own)
        for log in (h for h in logger.handlers if h.name == "DefaultLogFileHandler"):
            log.filters.clear()  # the file in .snakemake/log/ still tells everything
    logger.addHandler(handler)

"""What is said of a run, given the records that Snakemake logs."""

import io
import logging
import os

import pytest
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.common import LogEvent

from pipeline.progress import SHOWN_FAILURES, SHOWN_LINES, Progress

QUIET = {Quietness.RULES, Quietness.HOST}


class Run:
    """A run that exists in records only."""

    def __init__(self, quiet, **settings):
        self.stream = io.StringIO()
        values = {"dry_run": False, "cores": 2, "measured": {"train", "collect"}} | settings
        self.handler = Progress(self.stream, quiet, command=lambda file: f"make {file}", **values)

    def log(self, event=None, msg="", level=logging.INFO, **fields):
        fields |= {"event": event, "msg": msg, "levelno": level}
        self.handler.handle(logging.makeLogRecord(fields))

    def plan(self, **counts):
        self.log(LogEvent.RUN_INFO, stats=counts | {"all": 1, "total": sum(counts.values()) + 1})

    def begin(self, jobid, rule="train"):
        message = f"Training number {jobid}" if rule == "train" else None
        self.log(LogEvent.JOB_INFO, jobid=jobid, rule_name=rule, rule_msg=message)

    def finish(self, jobid):
        self.log(LogEvent.JOB_FINISHED, job_id=jobid)

    def fail(self, jobid, log, output="results/x", indent=False):
        fields = {"jobid": jobid, "rule_name": "train", "log": [str(log)], "output": [str(output)]}
        self.log(LogEvent.JOB_ERROR, level=logging.ERROR, indent=indent, **fields)

    def end(self):
        self.handler.close()
        return self.stream.getvalue().splitlines()


@pytest.fixture(autouse=True)
def no_earlier_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "seed-0.log"
    path.write_text("".join(f"line {i}\n" for i in range(1, 100)) + "error: it diverged\n")
    return path


def test_off_a_terminal_a_run_is_a_line_for_each_tenth():
    run = Run(QUIET)
    run.plan(train=200, collect=1)
    for jobid in range(200):
        run.begin(jobid)
        run.finish(jobid)
    run.begin(200, "collect")
    run.finish(200)
    lines = run.end()
    assert lines[0] == "200 trainings and 1 other job; no earlier run says how long they take."
    assert lines[5].startswith("101 of 201 jobs done, 50 %, about ") and lines[5].endswith(" left")
    assert lines[-1].startswith("201 jobs done in ")
    assert len(lines) == 11


def test_a_failed_job_shows_the_end_of_its_log_and_how_to_run_it_alone(log):
    run = Run(QUIET)
    run.plan(train=1)
    run.begin(7)
    run.log(
        LogEvent.ERROR,
        "CalledProcessError in file ...",
        logging.ERROR,
        exception="RuleException",
    )
    run.fail(7, log, "results/runs/a b/history.parquet")
    lines = run.end()[1:]
    assert lines[:2] == ["Failed: Training number 7", f"  {log}:"]
    assert lines[2] == f"    line {101 - SHOWN_LINES}"
    assert lines[2 + SHOWN_LINES - 1] == "    error: it diverged"
    assert lines[-3:-1] == ["To run this job alone:", "  make results/runs/a b/history.parquet"]
    assert lines[-1].startswith("0 of 1 job done in ") and "; 1 failed. The next" in lines[-1]


def test_the_attempts_of_one_job_are_one_failure_until_one_succeeds(log):
    run = Run(QUIET)
    run.plan(train=2)
    for jobid in (1, 1, 1, 2, 2):
        run.begin(jobid)
        run.fail(jobid, log)
    run.begin(2)
    run.finish(2)
    lines = run.end()
    assert sum(line.startswith("Failed: ") for line in lines) == 2
    assert "; 1 failed" in lines[-1]


def test_of_many_failures_a_few_are_shown_and_all_are_counted(log):
    run = Run(QUIET)
    run.plan(train=100)
    for jobid in range(100):
        run.begin(jobid)
        run.fail(jobid, log)
    lines = run.end()
    assert sum(line.startswith("Failed: ") for line in lines) == SHOWN_FAILURES
    assert "100 failed, of which 5 are shown" in lines[-1]


def test_beside_snakemakes_own_output_only_what_it_does_not_say(log):
    run = Run(set())
    run.plan(train=1)
    run.begin(0)
    run.log(msg="a warning", level=logging.WARNING)
    run.fail(0, log)
    assert run.end() == [
        "1 training; no earlier run says how long they take.",
        "To run this job alone:",
        "  make results/x",
    ]


def test_quiet_about_all_still_says_what_failed(log):
    run = Run({Quietness.ALL})
    run.plan(train=1)
    run.begin(0)
    run.fail(0, log)
    lines = run.end()
    assert lines[0] == "Failed: Training number 0" and lines[-1] == "  make results/x"


def test_a_dry_run_says_once_and_last_how_much_there_is(tmp_path):
    (tmp_path / "results" / "benchmarks").mkdir(parents=True)
    (tmp_path / "results" / "benchmarks" / "collect.tsv").write_text("s\n30\n")
    run = Run(set(), dry_run=True)
    run.plan(collect=1)
    run.begin(0, "collect")
    run.plan(collect=1)
    assert run.stream.getvalue() == ""
    assert run.end() == ["1 job; about 30 s on 2 cores, by the times of earlier runs."]


def test_of_a_failed_group_the_jobs_that_were_done_are_left_out(tmp_path, log):
    done, old = tmp_path / "summary.json", tmp_path / "of_an_earlier_run.json"
    old.touch()
    os.utime(old, (0, 0))
    run = Run(QUIET, cores=None)
    done.touch()
    run.plan(train=2)
    run.begin(0)
    run.begin(1)
    run.log(LogEvent.GROUP_ERROR, aux_logs=[str(log)], job_error_info=[{}, {}])
    run.fail(0, log, done, indent=True)
    run.fail(1, tmp_path / "no.log", old, indent=True)
    lines = run.end()
    assert "Failed: a group of 2 jobs" in lines and "    error: it diverged" in lines
    assert "Failed: Training number 0" not in lines and "Failed: Training number 1" in lines
    assert "    (no log: the job did not come so far)" in lines


def test_jobs_that_die_of_an_interrupt_are_no_failures(log):
    run = Run(QUIET)
    run.plan(train=2)
    run.begin(0)
    run.log(msg="Terminating processes on user request, this might take some time.")
    run.fail(0, log)
    lines = run.end()
    assert len(lines) == 3 and lines[1].startswith("Terminating")
    assert lines[2].startswith("0 of 2 jobs done in ") and "failed" not in lines[2]


def test_in_the_place_of_snakemake_errors_are_passed_on_and_chatter_is_not():
    run = Run(QUIET)
    run.log(msg="Select jobs to execute...")
    run.log(msg="Nothing to be done (all requested files are present and up to date).")
    run.log(LogEvent.ERROR, "MissingInputException in rule x", logging.ERROR, exception="Missing")
    assert run.end() == [
        "Nothing to be done (all requested files are present and up to date).",
        "MissingInputException in rule x",
    ]

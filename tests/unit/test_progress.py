"""What is said of a run, given the records that Snakemake logs."""

import io
import logging
import sys
from types import SimpleNamespace

import pytest
from snakemake.logging import DefaultFormatter
from snakemake_interface_logger_plugins.common import LogEvent

import snakemake_logger_plugin_reproduce as plugin


class Run:
    """A run that exists in records only."""

    def __init__(self, monkeypatch, terminal=None, **settings):
        self.stream = io.StringIO()
        monkeypatch.setattr(sys, "stderr", self.stream)
        if terminal:
            monkeypatch.setattr(self.stream, "isatty", lambda: True)
            monkeypatch.setenv("TERM", "xterm")
            monkeypatch.setenv("COLUMNS", str(terminal))
        values = {"dryrun": False, "nocolor": False, "stdout": False} | settings
        self.handler = plugin.LogHandler(SimpleNamespace(**values), None)
        self.handler.setFormatter(DefaultFormatter())

    def log(self, event=None, msg="", level=logging.INFO, **fields):
        fields |= {"event": event, "msg": msg, "levelno": level}
        self.handler.handle(logging.makeLogRecord(fields))

    def plan(self, **counts):
        self.log(LogEvent.RESOURCES_INFO, cores=2)
        self.log(LogEvent.RUN_INFO, stats=counts | {"total": sum(counts.values())})

    def begin(self, jobid, rule="train"):
        self.log(LogEvent.JOB_INFO, jobid=jobid, rule_name=rule, rule_msg=f"Job number {jobid}")

    def finish(self, jobid):
        self.log(LogEvent.JOB_FINISHED, job_id=jobid)

    def fail(self, jobid, log, output="results/x", rule="train"):
        fields = {"jobid": jobid, "rule_name": rule, "log": [str(log)], "output": [output]}
        self.log(LogEvent.JOB_ERROR, level=logging.ERROR, **fields)

    def end(self):
        self.handler.close()
        return self.stream.getvalue().splitlines()


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start a run in a folder without any earlier one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "argv", ["snakemake"])
    return lambda **settings: Run(monkeypatch, **settings)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "seeds-0-9.log"
    path.write_text("".join(f"line {i}\n" for i in range(1, 100)) + "error: no label 77\n")
    return path


def test_off_a_terminal_a_run_is_a_line_for_each_tenth(start):
    run = start()
    run.plan(train=200, collect=1)
    for jobid in range(201):
        run.begin(jobid, "train" if jobid < 200 else "collect")
        run.finish(jobid)
    lines = run.end()
    assert lines[0] == "200 trainings and 1 other job; no earlier run says how long they take."
    assert lines[5] == "101 of 201 jobs done"
    assert lines[-1].startswith("201 jobs done in ") and len(lines) == 11


def test_the_time_left_is_said_where_it_is_known(start, tmp_path):
    (tmp_path / "results" / "benchmarks").mkdir(parents=True)
    (tmp_path / "results" / "benchmarks" / "train.tsv").write_text("s\n60\n")
    run = start()
    run.plan(train=30)
    for jobid in range(2):
        run.begin(jobid)
    for jobid in range(2):
        run.finish(jobid)
    run.begin(2)
    run.finish(2)
    lines = run.end()
    assert lines[0].endswith("about 15 min on 2 cores, by the times of earlier runs.")
    assert lines[1] == "3 of 30 jobs done, about 10 s left"


def test_a_failed_job_shows_the_end_of_its_log_and_how_to_run_it_alone(start, log):
    run = start()
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
    assert lines[:2] == ["Failed: Job number 7", f"  {log}:"]
    assert lines[2] == f"    line {101 - plugin.SHOWN_LINES}"
    assert lines[2 + plugin.SHOWN_LINES - 1] == "    error: no label 77"
    assert lines[-3] == "To run this job alone:"
    assert lines[-2].endswith(" -m snakemake --cores 1 -- 'results/runs/a b/history.parquet'")
    assert lines[-1].startswith("0 of 1 job done in ")
    assert "; 1 failed, of 1 cause (logs: results/logs/). The next run goes on" in lines[-1]


def test_one_cause_is_one_block_however_many_jobs_it_stops(start, tmp_path):
    run = start()
    run.plan(train=50, prepare=1)
    for jobid in range(50):
        log = tmp_path / f"seeds-{jobid}.log"
        log.write_text(f"error: task a, seed {jobid}: no image has the label 77\n")
        run.begin(jobid)
        run.fail(jobid, log)
    run.begin(50, "prepare")
    run.fail(50, tmp_path / "no.log", rule="prepare")
    lines = run.end()
    assert [line for line in lines if line.startswith("Failed: ")] == [
        "Failed: Job number 0",
        "Failed: Job number 50",
    ]
    assert "    (no log: the job did not come so far)" in lines
    assert lines[-2] == (
        "Failed for the same cause as Job number 0: Job number 1; Job number 2; Job number 3; "
        "Job number 4; Job number 5, and 44 more"
    )
    assert "51 failed, of 2 causes" in lines[-1]


def test_the_attempts_of_one_job_are_one_failure_until_one_succeeds(start, log):
    run = start()
    run.plan(train=2)
    for jobid in (1, 1, 1, 2, 2):
        run.begin(jobid)
        run.fail(jobid, log)
    run.begin(2)
    run.finish(2)
    assert "; 1 failed" in run.end()[-1]


def test_the_command_has_all_that_makes_the_run_what_it_is(monkeypatch):
    arguments = (
        "snakemake -c4 -s ../r/Snakefile -d elsewhere --workflow-profile profiles/slurm -q rules "
        "--configfile a.yaml b.yaml --replace-workflow-config --sdm conda --logger reproduce "
        "-C x=1 -- all"
    )
    monkeypatch.setattr(sys, "argv", arguments.split())
    command = plugin.command_for("results/x")
    assert command.partition(" -m ")[2] == (
        "snakemake --cores 1 --replace-workflow-config --snakefile ../r/Snakefile --directory "
        "elsewhere --workflow-profile profiles/slurm --configfile a.yaml b.yaml --config x=1 "
        "--software-deployment-method conda -- results/x"
    )


def test_a_dry_run_says_once_and_last_what_would_be_trained(start):
    run = start(dryrun=True)
    run.plan(train=30)
    for jobid in range(30):
        run.begin(jobid)
    run.plan(train=30)
    assert run.stream.getvalue() == ""
    lines = run.end()
    assert lines[0] == "Job number 0" and lines[20] == "... and 10 more"
    assert lines[21:] == ["30 trainings; no earlier run says how long they take."]


def test_jobs_that_die_of_an_interrupt_are_no_failures(start, log):
    run = start()
    run.plan(train=2)
    run.begin(0)
    run.log(msg="Terminating processes on user request, this might take some time.")
    run.fail(0, log)
    lines = run.end()
    assert len(lines) == 3 and lines[1].startswith("Terminating")
    assert lines[2].startswith("0 of 2 jobs done in ") and "failed" not in lines[2]


def test_errors_are_passed_on_and_chatter_is_not(start):
    run = start()
    run.log(msg="Select jobs to execute...")
    run.log(msg="Nothing to be done (all requested files are present and up to date).")
    run.log(LogEvent.ERROR, "MissingInputException in rule x", logging.ERROR, exception="Missing")
    run.log(msg="Exiting because a job execution failed. Look above", level=logging.ERROR)
    assert run.end() == [
        "Nothing to be done (all requested files are present and up to date).",
        "MissingInputException in rule x",
    ]


def test_a_terminal_has_wrapped_lines_and_colours(start, log, monkeypatch):
    run = start(terminal=40)
    run.plan(train=1)
    run.begin(0)
    run.log(msg="a warning that is longer than the terminal is wide", level=logging.ERROR)
    shown = run.stream.getvalue()
    assert "\033[31m\r\033[Ka warning that is longer than the\n  terminal is wide\033[0m" in shown
    assert "\r\033[K0/1 jobs; Job number 0\r" in shown
    monkeypatch.setenv("NO_COLOR", "1")
    run = start(terminal=40)
    run.log(msg="a warning", level=logging.ERROR)
    assert "\033[31m" not in run.stream.getvalue()


@pytest.mark.parametrize("missing", ["rule_msg", "jobid", "rule_name"])
def test_a_record_that_has_changed_costs_the_display_and_not_the_errors(start, missing):
    run = start()
    run.plan(train=1)
    fields = {"jobid": 0, "rule_name": "train", "rule_msg": "Training"}
    del fields[missing]
    run.log(LogEvent.JOB_INFO, **fields)
    run.finish(0)
    run.log(LogEvent.ERROR, "it failed", logging.ERROR)
    lines = run.end()
    assert lines[1].startswith("note: no progress is shown (AttributeError(")
    assert lines[2:] == ["it failed"]

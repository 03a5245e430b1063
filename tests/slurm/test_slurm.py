"""The workflow through a real Slurm of two nodes: as it should be, and hit by five faults."""

import re
import signal
import time

from sweeps import ALL, job_of, node_of, slurm, wait_for

# Enough to see that what comes after the trainings is the same as well.
TARGETS = ("runs", "results/figures/figure_10.png")


def assert_products_are_those_of(local: dict[str, bytes], sweep) -> None:
    contents = sweep.contents()
    assert {"metrics.parquet", "history.parquet", "figures/figure_10.png"} <= contents.keys()
    assert contents.keys() & {name for name in local if name.startswith("runs/")} == {
        name for name in local if name.startswith("runs/")
    }
    assert [name for name in contents if contents[name] != local[name]] == []


def finish(sweep, local: dict[str, bytes]) -> None:
    """Give the same command again: it does the rest, and nothing that was finished before."""
    assert sweep.run(*TARGETS) == 0, sweep.log.read_text()
    assert sweep.kept_files_are_untouched()
    assert_products_are_those_of(local, sweep)
    sweep.log.write_text("")
    assert sweep.run(*TARGETS, "--dry-run") == 0
    assert "Nothing to be done" in sweep.log.read_text()


def planned_trainings(sweep) -> int:
    """Trainings that a run would do now."""
    sweep.log.write_text("")
    assert sweep.run(*TARGETS, "--dry-run", "--quiet", "rules", "host", local=True) == 0
    return sum(map(int, re.findall(r"^train +(\d+)$", sweep.log.read_text(), re.MULTILINE)[:1]))


def test_both_nodes_train_and_the_products_are_those_of_a_local_run(sweep, local):
    assert sweep.run(*ALL) == 0, sweep.log.read_text()
    nodes = {job: node for job, (node, state) in sweep.jobs().items()}
    trained = {
        job: len({*re.findall(r"Training .*", log.read_text())})  # said by the step in it, too
        for job in nodes
        for log in (sweep.folder / ".snakemake" / "slurm_logs").rglob(f"{job}.log")
    }
    assert set(nodes.values()) == {"node1", "node2"}
    assert all(count == 1 for count in trained.values())
    assert len(trained) == len(nodes) == len(sweep.finished())
    assert sweep.contents() == local


def test_a_node_dies(cluster, sweep, local):
    head = sweep.start("--retries", "0", "--", *TARGETS)
    training = sweep.frozen_training()
    assert sweep.keep_finished(ended=True) > 0
    cluster.kill_node(node_of(training))
    assert head.wait(timeout=600) != 0
    assert "NODE_FAIL" in sweep.states()
    cluster.start()
    finish(sweep, local)


def test_a_job_out_of_time_and_a_cancelled_one_are_sent_again(sweep, local):
    # Two faults in one sweep, because Slurm takes at least a minute for the first.
    head = sweep.start(*TARGETS)
    slow, unwanted = sweep.frozen_training(), sweep.frozen_training()
    assert sweep.keep_finished() > 0
    slurm("scontrol", "update", f"JobId={job_of(slow)}", "TimeLimit=1")
    slurm("scancel", job_of(unwanted))
    assert head.wait(timeout=600) == 0, sweep.log.read_text()
    assert {"TIMEOUT", "CANCELLED"} <= sweep.states()
    finish(sweep, local)


def test_slurmctld_restarts(cluster, sweep, local):
    head = sweep.start("--retries", "0", "--", *TARGETS)
    # When most have ended: a job that starts just now would miss the controller.
    training = sweep.frozen_training(after=6)
    assert sweep.keep_finished() >= 6
    cluster.kill("slurmctld", signal.SIGTERM)
    # Long enough for a look at the jobs to fail.
    time.sleep(3)
    cluster.start()
    training.resume()
    assert head.wait(timeout=600) == 0, sweep.log.read_text()
    finish(sweep, local)


def test_the_head_process_is_killed(sweep, local):
    head = sweep.start("--retries", "0", "--", *TARGETS)
    # Of two, one on each node, the later may still be about to end when its job is cancelled.
    sweep.frozen_training(after=2)
    head.send_signal(signal.SIGKILL)
    head.wait()
    # Its jobs run on; they must not train beside those of the next start.
    slurm("scancel", f"--name={sweep.run_id()}")
    wait_for("the end of its jobs", lambda: not slurm("squeue", "-h", f"--name={sweep.run_id()}"))
    assert sweep.keep_finished() > 0
    assert sweep.run("--unlock") == 0
    finish(sweep, local)
    # Of what the orphaned jobs finished, nobody wrote down the parameters. This does:
    assert sweep.run("--touch", "--forcerun", "train", "--", "runs", local=True) == 0
    assert planned_trainings(sweep) == 0
    sweep.set_epochs("softmax", 99)
    assert planned_trainings(sweep) == 2

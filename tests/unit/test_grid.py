"""The grid of runs, and how it is put on a command line."""

import json

from runs.grid import grid_of, runs_of_tasks, tasks_of


def task(seeds: list[int], l2_lambda: tuple[str, ...] = ("0", "1e-3")) -> dict:
    return {"l2_lambda": list(l2_lambda), "shuffle": [False, True], "seeds": seeds}


def test_grid_keeps_the_runs_and_their_order():
    tasks = {"a": task([3, 4, 5, 9, 1, 2]), "b": task([7])}
    assert runs_of_tasks(tasks_of(grid_of(tasks))) == runs_of_tasks(tasks)


def test_command_line_does_not_grow_with_the_seeds():
    tasks = {"a": task(list(range(100_000)))}
    assert len(json.dumps(grid_of(tasks))) < 200
    assert len(runs_of_tasks(tasks_of(grid_of(tasks)))) == 2 * (1 + 100_000)

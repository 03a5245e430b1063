"""The grid of runs, and the jobs that train it."""

import pytest

from runs.grid import blocks_of, select_blocks


def tasks(seeds: list[int], l2_lambda: tuple[str, ...] = ("0", "1e-3")) -> dict:
    return {"a": {"l2_lambda": list(l2_lambda), "shuffle": ["false", "true"], "seeds": seeds}}


def test_a_job_trains_a_combination_and_the_order_of_the_file_needs_no_seeds():
    assert [block.folder for block in blocks_of(tasks([3, 4, 9]), 50)] == [
        "a/lambda-0/shuffle-false/seeds-3-3",
        "a/lambda-0/shuffle-true/seeds-3-9",
        "a/lambda-1e-3/shuffle-false/seeds-3-3",
        "a/lambda-1e-3/shuffle-true/seeds-3-9",
    ]


def test_more_seeds_leave_the_full_blocks_as_they_are():
    before, after = (set(blocks_of(tasks(list(range(n))), 10)) for n in (20, 25))
    assert before < after
    assert {block.folder for block in after - before} == {
        "a/lambda-0/shuffle-true/seeds-20-24",
        "a/lambda-1e-3/shuffle-true/seeds-20-24",
    }


@pytest.mark.parametrize(
    ("made", "seeds", "blocks"),
    [
        (["0-9"], range(12), ["0-9", "10-11"]),
        (["0-9"], range(120), ["0-9", "10-49", "50-99", "100-119"]),
        (["0-9", "10-11"], range(13), ["0-9", "10-11", "12-12"]),
        # Of an earlier config, larger: seed 9 is not wanted any more.
        (["0-9"], range(5), ["0-4"]),
        (["0-4", "0-9"], range(10), ["0-9"]),
        # A seed in the middle makes another block of what lies between the same ends.
        (["0-9"], [0, 5, 9, 10], ["0-9", "10-10"]),
        (["3-4"], [0, 1, 3, 4, 9], ["0-1", "3-4", "9-9"]),
        (["4-3", "elsewhere", "0-"], [3, 4], ["3-4"]),
        (["50-99"], range(100), ["0-49", "50-99"]),
    ],
)
def test_blocks_that_exist_stay_while_their_seeds_are_wanted(made, seeds, blocks):
    folder = "a/lambda-0/shuffle-true/seeds-"
    config = tasks(list(seeds), ("0",))
    made = [folder + block for block in made]
    found = [b.folder for b in blocks_of(config, 50, made) if b.shuffle == "true"]
    assert found == [folder + block for block in blocks]
    # In the course of a run, when some of them are there and some are not.
    for there in ([*made, *found[::2]], [*made, *found[1::2]], found):
        assert [b.folder for b in blocks_of(config, 50, there) if b.shuffle == "true"] == found


@pytest.mark.parametrize(
    ("selection", "count"),
    [({}, 8), ({"seed": 4}, 2), ({"seed": [0, 4]}, 6), ({"seed": 4, "l2_lambda": "0"}, 1)],
)
def test_a_selection_takes_the_blocks_that_hold_its_runs(selection, count):
    of_five = tasks([0, 1, 2, 3, 4])
    of_five["a"]["varies"] = {}
    blocks = blocks_of(of_five, 2)
    assert len(select_blocks(blocks, of_five, {"task": "a"} | selection)) == count

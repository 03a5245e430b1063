"""What is equal within tolerance: the metrics and the verdicts with their measured values."""

import numpy as np
import pandas as pd
import pytest

from common.errors import DataError
from provenance.comparison import csv_of, difference_of
from runs.tables import METRICS_SCHEMA

PRODUCTS = ["metrics.parquet"]
ROW = {
    "task": "softmax",
    "l2_lambda": 0.1,
    "shuffle": "true",
    "seed": 0,
    "steps": 1038,
    "stopped_early": True,
    "train_loss": 0.25,
    "patience": None,
}


def write(folder, rows: list[dict]) -> None:
    frame = pd.DataFrame(rows).reindex(columns=METRICS_SCHEMA.names)
    frame.to_parquet(folder / "metrics.parquet")


@pytest.fixture
def expected(tmp_path):
    """Expected metrics of three runs, and results that are the same."""
    write(tmp_path, [ROW | {"seed": seed} for seed in range(3)])
    (tmp_path / "metrics.csv").write_text(csv_of(tmp_path, "metrics", PRODUCTS))
    return tmp_path


def difference(folder, **changes):
    """The difference when the last of the runs is another."""
    write(folder, [ROW, ROW | {"seed": 1}, ROW | {"seed": 2} | changes])
    return difference_of("metrics", folder, folder, PRODUCTS)


def test_the_same_table_differs_in_nothing(expected):
    assert difference(expected).size == 0


@pytest.mark.parametrize(
    ("changes", "within"),
    [
        ({"train_loss": 0.25 * (1 + 5e-7)}, True),
        ({"train_loss": 0.25 * (1 + 5e-6)}, False),
        ({"steps": 1039}, False),
        ({"stopped_early": False}, False),
        ({"train_loss": np.nan}, False),
        ({"patience": 10}, False),
        ({"model": "logistic"}, False),
        ({"seed": 7}, False),
    ],
)
def test_numbers_may_differ_in_their_last_digits_and_nothing_else(expected, changes, within):
    found = difference(expected, **changes)
    assert (0 < found.size <= 1) is within


def test_the_largest_difference_is_named_with_its_run(expected):
    found = difference(expected, train_loss=0.26)
    assert found.text == "metrics, softmax, 0.1, True, 2: train_loss 0.26, not 0.25"


def test_a_table_that_only_one_side_has_is_different(expected):
    assert difference_of("claims", expected, expected, PRODUCTS).size == 0
    (expected / "claims.csv").write_text("id,verdict,measured\na,reproduced,1.0\n")
    assert difference_of("claims", expected, expected, PRODUCTS).size == np.inf


def test_an_expected_table_that_is_none_is_named(expected):
    (expected / "metrics.csv").write_text("no,table\n1\n2,3,4\n")
    with pytest.raises(DataError, match=r"metrics\.csv: not the table of metrics"):
        difference_of("metrics", expected, expected, PRODUCTS)


def test_what_an_earlier_config_left_is_in_no_table(tmp_path):
    pd.DataFrame({"id": ["a"], "verdict": ["reproduced"], "measured": [1.0]}).to_parquet(
        tmp_path / "claims.parquet"
    )
    run = "runs/softmax/width-2/lambda-0/shuffle-true/seeds-0-0/{}.parquet"
    for name, column in (("history", "value"), ("weights", "weight")):
        (tmp_path / run.format(name)).parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame({column: [1.0, 3.0]}).to_parquet(tmp_path / run.format(name))
    assert csv_of(tmp_path, "claims", PRODUCTS) == csv_of(tmp_path, "contents", PRODUCTS) == ""
    made = [run.format("weights"), "claims.parquet"]
    weights = f"file,column,mean,deviation\n{made[0]},weight,2.0,1.0\n"
    assert csv_of(tmp_path, "contents", made) == weights
    assert "a,reproduced,1.0" in csv_of(tmp_path, "claims", made)

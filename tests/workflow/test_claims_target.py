"""Claims: judged anew when they change, and nothing else is done."""

import json
import re

import pyarrow.parquet as pq

CLAIMS = "tests/claims.tiny.yaml"


def verdict(checkout, claim_id: str) -> str:
    ledger = json.loads((checkout.results / "claims.json").read_text())
    entries = [*ledger["statements"], *ledger["questions"]]
    (found,) = [entry["verdict"] for entry in entries if entry["id"] == claim_id]
    return found


def test_every_claim_has_a_verdict(finished):
    counts = json.loads((finished.results / "claims.json").read_text())["counts"]
    table = pq.read_table(finished.results / "claims.parquet")
    assert sum(counts["statements"].values()) == 7
    assert sum(counts["questions"].values()) == 2
    assert len(table) == 7  # two of the statements have no readings
    assert verdict(finished, "1a-gradient") == "reproduced"
    assert verdict(finished, "2b-implemented") == "not testable"
    assert verdict(finished, "q-code") == "yes"
    assert verdict(finished, "q-end") == "measured"


def test_another_wording_judges_anew_and_does_nothing_else(checkout):
    checkout.edit(CLAIMS, "the weights resemble digits", "the weights look like digits")
    planned = checkout.planned()
    assert planned["claims"] == 1
    assert not {"train", "collect", "figure", "optimum", "gradients", "equations"} & set(planned)


def test_a_direction_turned_round_turns_the_verdict(checkout):
    before = verdict(checkout, "q-code")
    checkout.edit(
        CLAIMS,
        "expected: {relation: equals, value: 0, tolerance: 1.0e-6}",
        "expected: {relation: differs from, value: 0, tolerance: 1.0e-6}",
    )
    output = checkout.snakemake()
    assert "Rule: train" not in output and "Rule: optimum" not in output
    assert (before, verdict(checkout, "q-code")) == ("yes", "no")


def test_a_claim_about_a_run_that_is_not_trained_fails_with_its_name(checkout):
    checkout.edit(CLAIMS, 'l2_lambda: "1"}, split: train', 'l2_lambda: "7"}, split: train')
    output = checkout.snakemake(check=False)
    place = r"4b-digits.correlation.arguments.runs.l2_lambda \(line \d+\)"
    assert re.search(rf"{place}: found '7'; allowed: 0, 0.001", output)


def test_damaged_results_stop_the_claims(checkout):
    path = checkout.results / "metrics.parquet"
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)
    output = checkout.snakemake("--allowed-rules", "integrity", "claims", "all", check=False)
    assert "in the history, but not in the metrics" in output
    assert not (checkout.results / "integrity.json").exists()


def test_without_a_claims_file_there_is_nothing_to_judge(checkout):
    checkout.set_config("claims", None)
    assert not {"claims", "optimum", "train"} & set(checkout.planned())

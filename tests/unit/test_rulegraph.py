"""The graph of the rules: what Snakemake says, without what follows from the rest."""

import rulegraph

GRAPH = """digraph snakemake_dag {
	0[label = "all", color = "0.00 0.6 0.85", style="rounded"];
	1[label = "prepare", color = "0.4 0.6 0.85"];
	2[label = "train", color = "0.4 0.6 0.85"];
	3[label = "collect", color = "0.4 0.6 0.85"];
	1 -> 2
	2 -> 3
	1 -> 3
	1 -> 0
	3 -> 0
}"""


def test_what_follows_from_other_arrows_is_left_out():
    edges = rulegraph.edges_of(GRAPH)
    assert edges == {("prepare", "train"), ("train", "collect"), ("prepare", "collect")}
    assert rulegraph.reduced(edges) == {("prepare", "train"), ("train", "collect")}


def test_every_rule_stands_in_a_stage_that_is_drawn(repository):
    assert {*rulegraph.stages().values()} == {*rulegraph.STAGES}
    picture = (repository / "docs" / "rulegraph.svg").read_text(encoding="utf-8")
    missing = [rule for rule in rulegraph.stages() if f">{rule}</text>" not in picture]
    assert not missing, f"`make docs` renews the picture: {missing}"


def test_rules_are_drawn_in_the_box_of_their_stage():
    lines = rulegraph.drawn({("prepare", "train")}).splitlines()
    (data,) = [line for line in lines if "cluster_data" in line]
    assert '"prepare";' in data and '"train";' not in data
    assert '"prepare" -> "train";' in lines

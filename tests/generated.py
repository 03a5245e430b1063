"""Configs made up from the real one, for the tests of what is accepted and what is refused."""

import copy
import datetime
from pathlib import Path

import yaml
from hypothesis import strategies as st

CONFIG = yaml.safe_load((Path(__file__).parents[1] / "config.yaml").read_text())
# What the report does not need: a sweep, a figure of it, and a data set of tables.
CONFIG["tasks"]["sweep"] = CONFIG["tasks"]["logistic"] | {
    "dataset": ["mnist", "tables"],
    "classes": [[3, 2], [4, 9]],
    "train_size": [500, None],
    "learning_rate": [0.01, 0.1],
    "batch_size": [16, 32],
    "patience": [10, None],
    "seeds": [0],
}
CONFIG["figures"]["sweep"] = {
    "kind": "metric",
    "title": "Sweep",
    "caption": "",
    "runs": {"task": "sweep", "classes": [4, 9], "learning_rate": [0.01, 0.1]},
    "x": "train_size",
    "y": "validation_accuracy",
}
CONFIG["data"]["tables"] = CONFIG["data"]["mnist"] | {
    "files": {s: {"name": f"{s}.csv", "sha256": "0" * 64} for s in ("train", "test")},
    "label": "label",
    "image_shape": [28, 28],
}

# What YAML can hold, and what has broken programs before.
nasty = st.sampled_from(
    [
        *("", " ", "0\n", "a b", "a;b", "$(id)", "'", '"', "../x", "/", "-1", "1e999", "nan", "λ"),
        *(
            "\0",
            "\ud800",
            "x" * 300,
            b"bytes",
            datetime.date(2020, 1, 1),
            [[]],
            {1: 2},
            {None: None},
        ),
        *(128.0, float("nan"), float("inf"), 10**400, -(10**400), True, None),
    ]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | nasty
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)


def places(tree: object, place: tuple = ()) -> list[tuple]:
    """The path of every entry of a tree of dicts and lists."""
    if isinstance(tree, dict):
        entries = tree.items()
    else:
        entries = enumerate(tree) if isinstance(tree, list) else ()
    return [p for key, value in entries for p in [(*place, key), *places(value, (*place, key))]]


@st.composite
def configs(draw) -> dict:
    """The real config with one to three entries changed, dropped, renamed or moved."""
    config = copy.deepcopy(CONFIG)
    for _ in range(draw(st.integers(1, 3))):
        *parents, key = draw(st.sampled_from(places(config)))
        parent = config
        for step in parents:
            parent = parent[step]
        match draw(st.sampled_from(["change", "similar", "drop", "rename", "copy"])):
            case "change":
                parent[key] = draw(values)
            case "similar" if isinstance(parent[key], str):
                text = parent[key]
                at = draw(st.integers(0, len(text)))
                parent[key] = text[:at] + draw(st.text(max_size=2) | st.just("\n")) + text[at:]
            case "similar" if isinstance(parent[key], int | float):
                parent[key] = parent[key] * draw(st.sampled_from([-1, 0, 0.5, 2, 1e9, 1e308]))
            case "rename" if isinstance(parent, dict):
                parent[draw(st.text(max_size=5) | st.just(f"{key}\n"))] = parent.pop(key)
            case "copy":
                *others, other = draw(st.sampled_from(places(config)))
                source = config
                for step in others:
                    source = source[step]
                parent[key] = copy.deepcopy(source[other])
            case _:
                del parent[key]
        if not places(config):
            break
    return config

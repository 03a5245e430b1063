"""Input by generation: whatever comes in, a right result or an error of ours comes out.

`EXAMPLES=2000 pytest tests/unit/test_bad_input.py` looks longer than the few seconds of every day.
"""

import copy
import gzip
import hashlib
import os
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from generated import CONFIG, configs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from common.errors import DataError, DownloadError
from common.files import parquet_writer, read_json, write_json
from images.download import fetch
from images.idx import read_idx, write_idx
from images.splits import Split, read_split, write_split
from pipeline.config import ConfigError, read_config
from regression.training import TrainingResult
from runs.grid import blocks_of, expand_sweeps, select_blocks
from runs.integrity import read_histories
from runs.results import read_table
from runs.schemas import HISTORIES_SCHEMA, HISTORY_SCHEMA
from runs.tables import history_table

ROOT = Path(__file__).parents[2]

# The same examples every time: a test that fails by chance helps nobody.
generated = settings(
    max_examples=int(os.environ.get("EXAMPLES", "100")),
    derandomize="EXAMPLES" not in os.environ,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def require_usable(config: dict) -> None:
    """What the rules do with an accepted config, as far as no file is needed."""
    tasks = expand_sweeps(config["tasks"])
    blocks = blocks_of(tasks, config["seeds_per_job"])
    folders = [block.folder for block in blocks]
    assert len(set(folders)) == len(blocks)
    name, setting = "[A-Za-z0-9_-]+", r"[a-z_]+-[A-Za-z0-9_.+-]+"
    of_run = r"lambda-[0-9.eE-]+/shuffle-(false|once|true)/seeds-\d+-\d+"
    for folder in folders:
        assert re.fullmatch(rf"{name}(/{setting})*/{of_run}", folder)
    shown = [*config["figures"].values(), *({"runs": t["run"]} for t in config["tables"].values())]
    for entry in shown:
        assert select_blocks(blocks, tasks, entry["runs"])
    for task in tasks.values():
        for name in ("batch_size", "max_epochs"):
            assert int(str(task[name])) >= 1
        assert 0 < float(str(task["learning_rate"])) < float("inf")
    for dataset in config["data"].values():
        for mirror in dataset["mirrors"]:
            assert "\0" not in mirror.format(file="x")


@generated
@given(config=configs())
def test_any_config_is_usable_or_refused(config):
    try:
        accepted = read_config(config)
    except ConfigError as error:
        assert re.search(r"the config has \d+ error\(s\):\n  \S", str(error))
    else:
        require_usable(accepted)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("tasks.softmax.batch_size", 128.0, "batch_size: found 128.0; must be a whole number"),
        ("tasks.softmax.learning_rate", float("nan"), "learning_rate: found nan; must be a finite"),
        ("tasks.softmax.learning_rate", 10**400, "learning_rate: found 1000"),
        ("tasks.softmax.max_epochs", 10**9, "max_epochs: found 1000000000; must be at most 100000"),
        (
            "tasks.softmax.l2_lambda",
            ["0\n"],
            "l2_lambda.0: found '0\\n'; must be a number in quotes",
        ),
        ("tasks.softmax.l2_lambda", ["1e999"], "found ['1e999']; '1e999' must be below 1e9"),
        ("tasks.softmax.l2_lambda", ["1" + "0" * 300], "l2_lambda.0: found '1000"),
        (
            "tasks.softmax.skip_batches",
            [list(range(200)), []],
            "tasks.softmax.skip_batches: found [0, 1,",
        ),
        ("figures.figure_01.title", "\ud800", "title: found '\\ud800'; must be text without"),
        ("figures.figure_01.title", "a\0b", "title: found 'a\\x00b'; must be text without control"),
        ("data.mnist.mirrors", ["file:a\0{file}"], "mirrors.0: found 'file:a\\x00{file}'; must"),
    ],
)
def test_a_value_that_no_command_can_carry_is_refused(place, value, message):
    config = copy.deepcopy(CONFIG)
    *parents, key = place.split(".")
    parent = config
    for step in parents:
        parent = parent[step]
    parent[key] = value
    with pytest.raises(ConfigError, match=re.escape(message)):
        read_config(config)


@st.composite
def damages(draw):
    """A function that cuts, flips, inserts or repeats bytes."""
    kind = draw(st.sampled_from(["cut", "flip", "flip", "insert", "zero"]))
    at = draw(st.floats(0, 1, exclude_max=True))
    extra = draw(st.binary(min_size=1, max_size=8))
    bit = draw(st.integers(0, 7))

    def damage(content: bytes) -> bytes:
        i = int(at * len(content))
        match kind:
            case "cut":
                return content[:i]
            case "flip":
                return content[:i] + bytes([content[i] ^ 1 << bit]) + content[i + 1 :]
            case "insert":
                return content[:i] + extra + content[i:]
        return content[:i] + bytes(len(content[i : i + 16])) + content[i + 16 :]

    return damage


@generated
@given(array=npst.arrays(np.uint8, npst.array_shapes(min_dims=1, max_dims=3)), damage=damages())
def test_a_damaged_idx_file_is_never_misread(tmp_path, array, damage):
    path = tmp_path / "idx"
    write_idx(path, array)
    content = damage(path.read_bytes())
    path.write_bytes(content)
    try:
        back = read_idx(path)
    except DataError as error:
        assert str(path) in str(error)
    else:
        # Damage of pixels cannot show here (the SHA-256 shows it), that of the header must.
        assert back.tobytes() == content[4 + 4 * array.ndim :] and back.size > 0


def test_an_idx_file_as_huge_as_its_header_says_is_refused_before_memory_is_taken(tmp_path):
    path = tmp_path / "images"
    header = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in (2**31, 28, 28))
    path.write_bytes(header)
    os.truncate(path, len(header) + 2**31 * 28 * 28)  # a hole, which takes no space on the disk
    with pytest.raises(DataError, match="2147483648 x 28 x 28; it must not be empty, nor the file"):
        read_idx(path)


@generated
@given(damage=damages(), rows=st.integers(1, 40))
def test_a_damaged_split_is_right_or_refused(tmp_path, damage, rows):
    generator = np.random.default_rng(rows)
    split = Split(
        np.arange(rows, dtype=np.uint32),
        generator.integers(0, 10, rows, dtype=np.uint8),
        generator.integers(0, 256, (rows, 12), dtype=np.uint8),
        (3, 4),
    )
    path = tmp_path / "split.parquet"
    write_split(path, split)
    path.write_bytes(damage(path.read_bytes()))
    try:
        back = read_split(path)
    except DataError as error:
        assert str(path) in str(error)
    else:
        assert all(np.array_equal(a, b) for a, b in zip(back, split, strict=True))


@generated
@given(damage=damages())
def test_a_damaged_history_is_right_or_refused(tmp_path, damage):
    path = tmp_path / "history.parquet"
    values = np.linspace(0, 1, 30)
    curves = (values, np.arange(0, 30, 5), *[values[:6]] * 3)
    history = history_table(0, TrainingResult(np.zeros(0), *curves, epochs=1, ended="max_epochs"))
    pa.parquet.write_table(history, path, compression="zstd", write_page_checksum=True)
    path.write_bytes(damage(path.read_bytes()))
    try:
        back = read_table(path, HISTORY_SCHEMA)
    except DataError as error:
        assert str(path) in str(error)
    else:
        assert back.equals(history)


@generated
@given(damage=damages())
def test_damaged_histories_of_all_runs_are_right_or_refused(tmp_path, damage):
    path = tmp_path / "history.parquet"
    generator = np.random.default_rng(0)
    keys = {"task": "t", "l2_lambda": 0.0, "shuffle": "true", "split": "train", "metric": "loss"}
    runs = [
        pa.Table.from_pylist(
            [
                keys | {"seed": seed, "step": i, "value": v}
                for i, v in enumerate(generator.random(9))
            ],
            schema=HISTORIES_SCHEMA,
        )
        for seed in range(3)
    ]
    with parquet_writer(path, HISTORIES_SCHEMA) as add:
        for run in runs:
            add(run)
    path.write_bytes(damage(path.read_bytes()))
    try:
        back = list(read_histories(path))
    except DataError as error:
        assert str(path) in str(error)
    else:
        assert all(a.equals(b.to_pandas()) for a, b in zip(back, runs, strict=True))


@generated
@given(content=st.binary(max_size=200))
def test_any_bytes_are_refused_as_parquet_and_json(tmp_path, content):
    path = tmp_path / "any"
    path.write_bytes(content)
    with pytest.raises(DataError, match="not readable as Parquet"):
        read_split(path)
    try:
        read_json(path)
    except DataError as error:
        assert str(path) in str(error)


@generated
@given(damage=damages())
def test_a_damaged_json_is_read_or_refused(tmp_path, damage):
    path = tmp_path / "integrity.json"
    write_json(path, {"loss": 0.25, "task": "λ", "steps": [1, 2, None]})
    path.write_bytes(damage(path.read_bytes()))
    try:
        read_json(path)
    except DataError as error:
        assert str(path) in str(error)


@generated
@given(damage=damages(), compressed=st.booleans(), tail=st.binary(max_size=20))
def test_a_damaged_download_is_right_or_refused(tmp_path, damage, compressed, tail):
    content = bytes(range(256)) * 8
    digest = hashlib.sha256(content).hexdigest()
    source = tmp_path / "images.gz"
    source.write_bytes(damage(gzip.compress(content) if compressed else content) + tail)
    target = tmp_path / "out"
    try:
        fetch("images", digest, [f"file:{tmp_path}/{{file}}"], target, tmp_path / "cache")
    except DownloadError as error:
        assert "To go on by hand" in str(error) and not target.exists()
    else:
        assert target.read_bytes() == content
        target.unlink()
    # The next example must not find this one's in the cache.
    for cached in (tmp_path / "cache").rglob("images"):
        cached.unlink()


def test_a_gzip_bomb_is_refused_and_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("images.download._LARGEST_FILE", 10_000)
    (tmp_path / "images.gz").write_bytes(gzip.compress(bytes(1_000_000)))
    with pytest.raises(DownloadError, match="bytes or more, but at most 10000 can be the file"):
        fetch("images", "0" * 64, [f"file:{tmp_path}/{{file}}"], tmp_path / "out", tmp_path / "c")
    assert not (tmp_path / "out").exists()

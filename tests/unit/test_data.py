"""IDX files, splits and result files: what is whole goes through, what is damaged is named."""

import errno
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from common.errors import DataError
from common.files import (
    parquet_writer,
    read_json,
    read_parquet,
    replace_atomically,
    row_groups,
    sha256_of,
    write_json,
    write_parquet,
)
from common.processes import this_process
from images.idx import read_idx, write_idx
from images.layout import Layout
from images.sources import read_sources
from images.splits import Split, read_split, select_classes, write_split
from prepare import cut, require_content
from regression.features import features
from regression.training import TrainingResult
from runs.results import read_table
from runs.schemas import HISTORIES_SCHEMA, HISTORY_SCHEMA
from runs.tables import history_table, with_combination


@pytest.fixture
def split():
    generator = np.random.default_rng(0)
    return Split(
        np.arange(5, 25, dtype=np.uint32),
        np.arange(20, dtype=np.uint8) % 4,
        generator.integers(0, 256, (20, 12), dtype=np.uint8),
        (3, 4),
    )


@given(array=npst.arrays(np.uint8, npst.array_shapes(min_dims=3, max_dims=3, max_side=6)))
def test_idx_comes_back_as_written(tmp_path_factory, array):
    path = tmp_path_factory.mktemp("idx") / "images"
    write_idx(path, array)
    assert np.array_equal(read_idx(path), array)


@given(content=st.binary(max_size=40))
def test_no_bytes_make_the_idx_reader_fail_with_anything_but_its_own_error(
    tmp_path_factory, content
):
    path = tmp_path_factory.mktemp("idx") / "any"
    path.write_bytes(content)
    try:
        read_idx(path)
    except DataError as error:
        assert str(path) in str(error)


def test_idx_header_is_checked_before_memory_is_taken(tmp_path):
    path = tmp_path / "images"
    path.write_bytes(bytes([0, 0, 8, 3]) + b"\x80\0\0\0" * 3)
    with pytest.raises(DataError, match="its header promises"):
        read_idx(path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[:-1], "truncated or damaged.*correct its `sha256`"),
        (lambda content: content + b"x", "truncated or damaged"),
        (lambda content: content[:6], "truncated or damaged"),
        (lambda content: b"\x1f\x8b" + content, "not an IDX file: it begins with 1f8b0000"),
        (lambda content: b"", "not an IDX file"),
    ],
)
def test_damaged_idx_is_named(tmp_path, damage, message):
    path = tmp_path / "images"
    write_idx(path, np.zeros((2, 3, 3), np.uint8))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=message):
        read_idx(path)


FILES = {
    f"{role}_{what}": {"name": f"{role}-{what}"}
    for role in ("train", "test")
    for what in ("images", "labels")
}


def write_four(folder, train, test, labels=(0, 1, 1)):
    """Write images and labels of both roles as IDX bytes; read them."""
    for role, images in (("train", train), ("test", test)):
        write_idx(folder / f"{role}-images", images)
        write_idx(folder / f"{role}-labels", np.array(labels, np.uint8))
    return read_sources(folder, FILES, Layout("mine"))


def test_images_and_labels_must_be_as_many(tmp_path):
    with pytest.raises(DataError, match=r"train-images has 4 images but .* 3 labels"):
        write_four(tmp_path, np.zeros((4, 2, 2)), np.zeros((3, 2, 2)))


def test_a_raw_file_that_has_changed_is_refused(tmp_path):
    raw = tmp_path / "images"
    raw.write_bytes(b"abc")
    digest = sha256_of(raw)
    require_content(raw, digest)
    raw.write_bytes(b"abd")
    with pytest.raises(DataError, match=f"images: wrong content: .*, expected {digest}"):
        require_content(raw, digest)


def test_images_of_two_shapes_are_refused(tmp_path):
    with pytest.raises(DataError, match="different shapes: train 2 x 3, test 2 x 4 pixels"):
        write_four(tmp_path, np.zeros((3, 2, 3)), np.zeros((3, 2, 4)))


def test_a_split_beyond_the_source_is_refused(split):
    with pytest.raises(DataError, match="wants the images 18 to 20, but the source has 20"):
        cut(split, 18, 3, "test")


def test_split_comes_back_as_written_and_in_its_contract(tmp_path, split):
    path = tmp_path / "split.parquet"
    write_split(path, split)
    back = read_split(path)
    for field in ("index", "labels", "pixels"):
        assert np.array_equal(getattr(back, field), getattr(split, field))
    assert back.image_shape == (3, 4)
    schema = pa.parquet.read_schema(path)
    assert schema.names == ["index", "label", "pixels"]
    assert schema.types == [pa.uint32(), pa.uint8(), pa.binary(12)]
    assert schema.metadata == {b"rows": b"3", b"columns": b"4"}


def test_a_split_keeps_colours_range_and_names(tmp_path, split):
    path = tmp_path / "split.parquet"
    split = split._replace(
        image_shape=(2, 2, 3),
        pixel_range=(-1, 1),
        brightest=16,
        class_names=("ant", "bée", '"c"', "d"),
    )
    write_split(path, split)
    assert read_split(path)[3:] == split[3:]


def test_a_flipped_byte_of_a_split_is_noticed(tmp_path, split):
    path = tmp_path / "split.parquet"
    write_split(path, split)
    content = bytearray(path.read_bytes())
    for position in range(0, len(content), 7):
        damaged = bytearray(content)
        damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        try:
            assert np.array_equal(read_split(path).pixels, split.pixels)  # an unused byte
        except DataError as error:
            assert "Delete it and run again" in str(error)


def test_selected_classes_are_numbered_in_their_given_order(split):
    examples = select_classes(split, [3, 1])
    assert examples.targets.tolist() == [1, 0] * 5
    assert np.array_equal(examples.pixels, split.pixels[1::2])


def test_a_class_that_does_not_exist_is_named(split):
    with pytest.raises(DataError, match=r"no image has the label 7; the labels .* 0, 1, 2, 3"):
        select_classes(split, [1, 7])
    # Words that have fewer names than a task has numbers.
    named = split._replace(class_names=("ant", "bee", "cat", "dog"))
    with pytest.raises(DataError, match=r"no image has the label 7; the .* ant, bee,.*`label`, if"):
        select_classes(named, [1, 7])


@pytest.mark.parametrize("brightest", [255, 16, 1])
def test_features_are_scaled_to_one_and_end_with_the_constant(brightest):
    pixels = np.array([[0, brightest]], np.uint8)
    assert features(pixels, brightest).tolist() == [[-1.0, 1.0, 1.0]]


def made_up_history(seed: int = 3):
    """Two steps, a check after the second."""
    curves = (np.array(values) for values in ([0.3, 0.2], [1], [0.5], [0.8], [0.9]))
    result = TrainingResult(np.zeros((1, 1)), *curves, epochs=1, ended="max_epochs")
    return history_table(seed, result)


def test_history_is_ordered_by_step_with_the_batch_loss_first():
    table = made_up_history()
    assert table.schema.equals(HISTORY_SCHEMA)
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        (3, 0, "train", "loss", 0.3),
        (3, 1, "train", "loss", 0.2),
        (3, 1, "validation", "loss", 0.5),
        (3, 1, "validation", "accuracy", 0.8),
        (3, 1, "train", "accuracy", 0.9),
    ]


def test_an_empty_history_keeps_its_place(tmp_path):
    """Of a run whose loss is no number from the start on, as that of one's own model may be."""
    path, history = tmp_path / "history.parquet", made_up_history()
    with parquet_writer(path, HISTORY_SCHEMA) as add:
        for one in (history, history.slice(0, 0), history):
            add(one)
    assert [len(one) for one in row_groups(path)] == [5, 0, 5]


def test_histories_of_all_runs_carry_the_columns_of_the_contract():
    row = {"task": "a", "l2_lambda": 0.1, "shuffle": "true", "seed": 3}
    table = with_combination(made_up_history(), row)
    assert table.schema.equals(HISTORIES_SCHEMA)
    assert table.select(list(row)).to_pylist() == [row] * 5


def test_a_table_of_other_columns_is_refused(tmp_path):
    write_parquet(pa.table({"step": [1]}), tmp_path / "history.parquet")
    with pytest.raises(
        DataError, match=r"columns are \['step'\], expected \['seed', 'step', 'split'"
    ):
        read_table(tmp_path / "history.parquet", HISTORY_SCHEMA)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "summary.json"
    write_json(path, {"a": 1})

    def fail_halfway() -> None:
        with replace_atomically(path) as temporary:
            temporary.write_text("{")
            raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space left"):
        fail_halfway()
    assert json.loads(path.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_writer_left_is_removed_but_not_that_of_another_host(tmp_path):
    dead = this_process()._replace(start=1)
    here, elsewhere = (
        tmp_path / f".summary.{writer.name}.tmp.json"
        for writer in (dead, dead._replace(host="0" * 8))
    )
    here.touch()
    elsewhere.touch()
    write_json(tmp_path / "summary.json", {})
    assert not here.exists() and elsewhere.exists()


def test_nan_never_reaches_a_summary(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "summary.json", {"loss": float("nan")})


def test_damaged_json_is_named(tmp_path):
    (tmp_path / "summary.json").write_text('{"a": ')
    with pytest.raises(DataError, match=r"summary\.json: not readable as JSON"):
        read_json(tmp_path / "summary.json")


def test_a_run_is_one_row_group_however_long(tmp_path):
    # pyarrow cuts at 2^20 rows unless it is told otherwise.
    table = pa.table({"step": np.arange(2**20 + 1)})
    with parquet_writer(tmp_path / "history.parquet", table.schema) as add:
        add(table)
        add(table.slice(0, 3))
    assert read_parquet(tmp_path / "history.parquet", row_group=0).equals(table)
    assert read_parquet(tmp_path / "history.parquet", row_group=1).num_rows == 3


def test_what_the_system_refuses_is_not_called_damaged(tmp_path, monkeypatch):
    path = tmp_path / "there.parquet"
    path.write_bytes(b"")

    def refuse(*_, **__):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(pq, "ParquetFile", refuse)
    with pytest.raises(OSError, match="Too many open files"):
        read_parquet(path)

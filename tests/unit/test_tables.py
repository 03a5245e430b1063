"""Images as tables: every format gives the same arrays, and every slip names its column."""

import io
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.errors import DataError
from images.labelled import read_labelled_images

SHAPE = (3, 2)
IMAGES = np.arange(30, dtype=np.uint8).reshape(5, *SHAPE) * 8
LABELS = np.array([0, 1, 2, 1, 255], dtype=np.uint8)


def columns() -> dict[str, np.ndarray]:
    pixels = {f"p{i}": IMAGES.reshape(5, -1)[:, i] for i in range(6)}
    return {"p0": pixels.pop("p0"), "what": LABELS, **pixels}


def write_csv(path, content: dict) -> None:
    rows = zip(*content.values(), strict=True)
    lines = [",".join(content), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def write(tmp_path):
    """Write the table, changed or not, in a format; return its path."""

    def write(ending: str, **changes):
        path = tmp_path / f"images{ending}"
        if ending == ".csv":
            write_csv(path, columns() | changes)
        elif ending == ".parquet":
            pq.write_table(pa.table(columns() | changes), path)
        else:
            np.savez_compressed(path, **({"what": LABELS, "images": IMAGES} | changes))
        return path

    return write


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".npz"])
def test_every_format_gives_the_same_arrays(write, ending):
    images, labels = read_labelled_images(write(ending), "what", SHAPE)
    assert images.dtype == labels.dtype == np.uint8
    assert np.array_equal(images, IMAGES)
    assert np.array_equal(labels, LABELS)


def test_whole_numbers_may_be_written_with_a_point_and_images_flat(write):
    floats = {"p3": IMAGES.reshape(5, -1)[:, 3].astype(float)}
    assert np.array_equal(read_labelled_images(write(".csv", **floats), "what", SHAPE)[0], IMAGES)
    flat = write(".npz", images=IMAGES.reshape(5, 6).astype(np.int64))
    assert np.array_equal(read_labelled_images(flat, "what", SHAPE)[0], IMAGES)


def with_value(value, row=2) -> np.ndarray:
    values = IMAGES.reshape(5, -1)[:, 3].astype(object)
    values[row] = value
    return values


@pytest.mark.parametrize(
    ("ending", "changes", "message"),
    [
        (".csv", {"p3": with_value(256)}, "column 'p3', row 3: found 256; must be a whole"),
        (".csv", {"p3": with_value(-1)}, "column 'p3', row 3: found -1"),
        (".csv", {"p3": with_value(0.5)}, "column 'p3', row 3: found 0.5"),
        (".csv", {"p3": with_value("ink")}, "column 'p3', row 3: found 'ink'; must be a number"),
        (".csv", {"p3": with_value("")}, "column 'p3', row 3: there is no value"),
        (".csv", {"what": [0, 1, 2, 1, 300]}, "column 'what', row 5: found 300"),
        (".csv", {"p6": LABELS}, "7 columns beside 'what', but `image_shape` .* makes 6 pixels"),
        (".parquet", {"p3": pa.array([1, None, 3, 4, 5])}, "column 'p3', row 2: there is no"),
        (".parquet", {"p3": pa.array([True] * 5)}, "column 'p3', row 1: found True"),
        (".npz", {"images": IMAGES.astype(int) * 9}, "array 'images', row 1: found"),
        (
            ".npz",
            {"images": IMAGES[:4]},
            r"has the shape \(4, 3, 2\); must be \(5, 3, 2\)",
        ),
        (
            ".npz",
            {"images": IMAGES.transpose(0, 2, 1)},
            r"has the shape \(5, 2, 3\); must be \(",
        ),
        (".npz", {"what": LABELS[:, np.newaxis]}, r"'what' has the shape \(5, 1\)"),
        (".npz", {"more": LABELS}, "one array beside 'what' must be there; found 'images', 'more'"),
        (".npz", {"what": np.array(["a"] * 5)}, "array 'what' has the type <U1; must be numbers"),
        (".npz", {"what": np.array([None] * 5)}, "not readable as a NumPy file .*pickle"),
    ],
)
def test_an_error_names_its_column_and_row(write, ending, changes, message):
    with pytest.raises(DataError, match=message):
        read_labelled_images(write(ending, **changes), "what", SHAPE)


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".npz"])
def test_a_wrong_name_of_the_labels_gets_the_nearest_one(write, ending):
    with pytest.raises(DataError, match=r"'wath', which `label` .* did you mean 'what'"):
        read_labelled_images(write(ending), "wath", SHAPE)


def test_two_columns_of_one_name_are_refused(tmp_path):
    path = tmp_path / "images.csv"
    path.write_text("what,p,p\n1,2,3\n")
    with pytest.raises(DataError, match="several columns of the name 'p'"):
        read_labelled_images(path, "what", (1, 2))


def test_a_claimed_size_takes_no_memory(tmp_path):
    path = tmp_path / "images.npz"
    header = io.BytesIO()
    claim = {"descr": "|u1", "fortran_order": False, "shape": (2**40, 3, 2)}
    np.lib.format.write_array_header_1_0(header, claim)
    np.savez(path, what=LABELS)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("images.npy", header.getvalue() + IMAGES.tobytes())
    with pytest.raises(DataError, match="array 'images' claims the shape"):
        read_labelled_images(path, "what", SHAPE)


def test_a_small_file_of_endless_zeros_takes_no_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("images.labelled._LARGEST_FILE", 10**5)
    zeros = np.zeros(10**5, np.uint8)
    pq.write_table(pa.table({"what": zeros, "p": zeros}), tmp_path / "zeros.parquet")
    with pytest.raises(DataError, match="100000 rows of 2 columns would take more memory"):
        read_labelled_images(tmp_path / "zeros.parquet", "what", (1, 1))


def test_columns_count_with_the_bytes_that_they_take(tmp_path, monkeypatch):
    monkeypatch.setattr("images.labelled._LARGEST_FILE", 2 * 10**5)
    zeros = np.zeros(10**5, np.uint8)
    pq.write_table(pa.table({"what": zeros, "p": zeros}), tmp_path / "zeros.parquet")
    _, labels = read_labelled_images(tmp_path / "zeros.parquet", "what", (1, 1))
    assert len(labels) == 10**5


def test_a_csv_file_that_would_take_all_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("images.labelled._LARGEST_CSV", 10)
    (tmp_path / "images.csv").write_text("what,p\n1,2\n3,4\n")
    with pytest.raises(DataError, match="larger than 10 bytes"):
        read_labelled_images(tmp_path / "images.csv", "what", (1, 1))


def test_a_table_without_rows_is_named_as_such(tmp_path):
    (tmp_path / "images.csv").write_text("what,p\n")
    with pytest.raises(DataError, match="it has no rows"):
        read_labelled_images(tmp_path / "images.csv", "what", (1, 1))


def test_a_row_may_be_longer_than_a_block_of_arrow(tmp_path):
    path = tmp_path / "images.csv"
    names = ",".join(f"{i:_>60}" for i in range(20_000))
    path.write_text(f"what,{names}\n7{',0' * 20_000}\n")
    images, labels = read_labelled_images(path, "what", (200, 100))
    assert images.shape == (1, 200, 100) and labels.tolist() == [7]


damaged = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@damaged
@given(data=st.data())
def test_a_damaged_header_in_a_whole_archive_gives_arrays_or_our_error(tmp_path, data):
    """The checksum of the archive notices damage, but not what was packed damaged."""
    whole = io.BytesIO()
    np.save(whole, IMAGES)
    content = bytearray(whole.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, 127))] = data.draw(st.sampled_from(b"(){}[],:'9\n\0"))
    path = tmp_path / "images.npz"
    np.savez(path, what=LABELS)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("images.npy", bytes(content))
    require_arrays_or_our_error(path)


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".npz"])
@damaged
@given(data=st.data())
def test_damaged_bytes_give_arrays_or_our_error(write, ending, data):
    path = write(ending)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    require_arrays_or_our_error(path)


def require_arrays_or_our_error(path) -> None:
    try:
        images, labels = read_labelled_images(path, "what", SHAPE)
    except DataError as error:
        assert str(path) in str(error)
    else:
        assert images.shape[1:] == SHAPE
        assert len(images) == len(labels)

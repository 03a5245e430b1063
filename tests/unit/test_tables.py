"""Every format gives the same arrays, and every slip names file, place and key."""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image
from sklearn.datasets import load_digits

from common.errors import DataError
from common.files import sha256_of
from images.idx import write_idx
from images.layout import Layout
from images.splits import Split
from prepare import read_wholes

SHAPE = (3, 2)
IMAGES = np.arange(30, dtype=np.uint8).reshape(5, *SHAPE) * 8
LABELS = np.array([0, 1, 2, 1, 255], dtype=np.uint8)
ENTRY = {"label": "what", "image_shape": list(SHAPE)}


def columns() -> dict[str, np.ndarray]:
    pixels = {f"p{i}": IMAGES.reshape(5, -1)[:, i] for i in range(6)}
    return {"p0": pixels.pop("p0"), "what": LABELS, **pixels}


def write_csv(path, content: dict, separator=",", header=True) -> None:
    rows = zip(*content.values(), strict=True)
    lines = [list(content)] * header + [list(map(str, row)) for row in rows]
    path.write_text("".join(separator.join(line) + "\n" for line in lines))


def read(path, role="train", **keys) -> Split:
    """Read a data set whose files are all this one, as `prepare` reads it."""
    named = {"name": path.name, "sha256": sha256_of(path)}
    files = keys.pop("files", {})
    entry = ENTRY | {"files": {r: named | files.get(r, {}) for r in ("train", "test")}} | keys
    return read_all(path.parent, entry)[role]


def read_all(folder, entry) -> dict[str, Split]:
    return read_wholes(folder, entry, Layout.of_entry("mine", entry))


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


def require_images(split: Split, images=IMAGES, labels=LABELS) -> None:
    assert split.pixels.dtype == split.labels.dtype == np.uint8
    assert np.array_equal(split.pixels, images.reshape(len(images), -1))
    assert split.image_shape == images.shape[1:]
    assert np.array_equal(split.labels, labels)


# --- formats --------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".npz"])
def test_every_format_gives_the_same_arrays(write, ending):
    require_images(read(write(ending)))


def test_whole_numbers_may_be_written_with_a_point_and_images_flat(write):
    floats = {"p3": IMAGES.reshape(5, -1)[:, 3].astype(float)}
    require_images(read(write(".csv", **floats)))
    require_images(read(write(".npz", images=IMAGES.reshape(5, 6).astype(np.int64))))


@pytest.mark.parametrize("axis", [1, 3])
def test_the_one_channel_may_have_an_axis(write, axis):
    require_images(read(write(".npz", images=np.expand_dims(IMAGES, axis))))


def png(pixels, kind="PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


FLAT = IMAGES.reshape(5, -1)
PICTURES = [png(image) for image in IMAGES]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([{"bytes": png, "path": None} for png in PICTURES]),
        pa.array(PICTURES),
        pa.array(FLAT.tolist()),
        pa.array(FLAT.tolist(), pa.list_(pa.uint8(), 6)),
        pa.array(IMAGES.tolist(), pa.large_list(pa.list_(pa.float32()))),
        pa.array([image.tobytes() for image in IMAGES]),
        pa.array([image.tobytes() for image in IMAGES], pa.binary(6)),
    ],
    ids=["hugging face", "png", "lists", "fixed lists", "nested lists", "bytes", "fixed bytes"],
)
def test_parquet_may_have_an_image_in_one_column(tmp_path, column):
    path = tmp_path / "images.parquet"
    pq.write_table(pa.table({"image": column, "what": LABELS}), path)
    require_images(read(path))


@pytest.mark.parametrize("kind", [pa.bool_(), pa.decimal128(5, 2), pa.float16()])
def test_parquet_may_have_pixels_of_any_type_of_number(tmp_path, kind):
    path = tmp_path / "images.parquet"
    ink = IMAGES.reshape(5, -1) > 60
    pixels = {f"p{i}": pa.array(ink[:, i].astype(float)).cast(kind) for i in range(6)}
    pq.write_table(pa.table({"what": LABELS} | pixels), path)
    split = read(path, pixel_range=[0, 1])
    assert split.brightest == 1 and np.array_equal(split.pixels, ink)


@pytest.mark.parametrize("value", [None, "ink"])
@pytest.mark.parametrize("nested", [True, False])
def test_what_is_wrong_in_a_list_is_told_by_the_row_of_the_table(tmp_path, value, nested):
    path = tmp_path / "images.parquet"
    lists = (IMAGES if nested else FLAT).astype(str).tolist()
    (lists[3][1] if nested else lists[3])[1] = value
    pq.write_table(pa.table({"image": lists, "what": LABELS}), path)
    with pytest.raises(DataError, match="column 'image', row 4: "):
        read(path)


def test_jpeg_and_colours_are_decoded(tmp_path):
    path = tmp_path / "images.parquet"
    red = np.zeros((2, 8, 8, 3), np.uint8)
    red[..., 0] = 254
    pq.write_table(pa.table({"image": [png(i, "JPEG") for i in red], "what": [0, 1]}), path)
    split = read(path, image_shape=[8, 8], channels=3)
    assert split.image_shape == (8, 8, 3)
    assert np.array_equal(split.pixels, red.reshape(2, -1))
    with pytest.raises(DataError, match=r"'image', row 1: .* mode RGB.*`data.mine.channels`.*con"):
        read(path, image_shape=[8, 8])


def test_a_picture_is_held_to_its_size_before_it_is_decoded(tmp_path):
    path = tmp_path / "images.parquet"
    bomb = png(np.zeros((5000, 5000), np.uint8))
    pq.write_table(pa.table({"image": [PICTURES[0], bomb], "what": [0, 1]}), path)
    with pytest.raises(DataError, match=r"row 2: a picture of 5000 x 5000 .*image_shape.* 3 x 2"):
        read(path)


def test_keras_has_all_arrays_in_one_file(tmp_path):
    path = tmp_path / "mnist.npz"
    np.savez(path, x_train=IMAGES, y_train=LABELS, x_test=IMAGES[3:], y_test=LABELS[3:, None])
    named = {r: {"images": f"x_{r}", "labels": f"y_{r}"} for r in ("train", "test")}
    require_images(read(path, files=named))
    require_images(read(path, "test", files=named), IMAGES[3:], LABELS[3:])
    with pytest.raises(DataError, match=r"'what'.*`data.mine.label`.*'x_train' uint8 \(5, 3, 2\)"):
        read(path)
    with pytest.raises(DataError, match=r"Name it in `data.mine.files.train.labels`"):
        read(path, label=None)


def test_csv_is_read_as_declared(tmp_path):
    path = tmp_path / "images.csv"
    write_csv(path, columns(), "\t", header=False)
    require_images(read(path, header=False, separator="\t", label=1))


def test_several_files_are_one(tmp_path):
    for number, rows in enumerate((slice(0, 5, 2), slice(1, 5, 2))):
        path = tmp_path / f"{number}.csv"
        write_csv(path, {name: values[rows] for name, values in columns().items()})
    files = [{"name": f"{n}.csv", "sha256": sha256_of(tmp_path / f"{n}.csv")} for n in (0, 1)]
    entry = ENTRY | {"files": {"train": files, "test": files[1]}}
    wholes = read_all(tmp_path, entry)
    order = [0, 2, 4, 1, 3]
    require_images(wholes["train"], IMAGES[order], LABELS[order])
    require_images(wholes["test"], IMAGES[1::2], LABELS[1::2])


def test_transposed_images_are_put_upright(tmp_path):
    path = tmp_path / "images.npz"
    np.savez(path, what=LABELS, images=IMAGES.swapaxes(1, 2))
    require_images(read(path, transposed=True))


def test_nested_lists_have_the_shape_of_the_image(tmp_path):
    path = tmp_path / "images.parquet"
    pq.write_table(pa.table({"image": IMAGES.reshape(5, 2, 3).tolist(), "what": LABELS}), path)
    with pytest.raises(DataError, match=r"'image': lists of 2 x 3 .*must be 3 x 2 or 6 or .*tra"):
        read(path)
    pq.write_table(pa.table({"image": [[[]]] * 5, "what": LABELS}), path)
    with pytest.raises(DataError, match=r"'image': lists of 1 x 0 numbers"):
        read(path)
    pq.write_table(pa.table({"image": [{"x": 1}] * 5, "what": LABELS}), path)
    with pytest.raises(DataError, match=r"'image': found values of type struct"):
        read(path)


def test_files_of_a_list_may_be_of_different_formats(tmp_path):
    write_csv(tmp_path / "0.csv", columns())
    pq.write_table(pa.table({"image": FLAT.tolist(), "what": LABELS}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"image": PICTURES, "what": LABELS}), tmp_path / "2.parquet")
    np.savez(tmp_path / "3.npz", images=IMAGES, what=LABELS)
    pq.write_table(pa.table(columns()), tmp_path / "4.parquet")
    names = ["1.parquet", "0.csv", "3.npz", "2.parquet", "4.parquet"]
    files = [{"name": name, "sha256": sha256_of(tmp_path / name)} for name in names]
    wholes = read_all(tmp_path, ENTRY | {"files": {"train": files, "test": files[::-1]}})
    for whole in wholes.values():
        require_images(whole, np.concatenate([IMAGES] * 5), np.concatenate([LABELS] * 5))


def test_colours_may_come_first(tmp_path):
    path = tmp_path / "images.npz"
    images = np.arange(120, dtype=np.uint8).reshape(5, 3, 2, 4) * 2
    np.savez(path, what=LABELS, images=images.transpose(0, 3, 1, 2)[:, :3])
    split = read(path, channels=3, channels_first=True)
    require_images(split, images[..., :3])


# --- columns --------------------------------------------------------------------------------------


def two_tables(folder, train: dict, test: dict) -> dict:
    write_csv(folder / "train.csv", train)
    write_csv(folder / "test.csv", test)
    return ENTRY | {
        "files": {
            role: {"name": f"{role}.csv", "sha256": sha256_of(folder / f"{role}.csv")}
            for role in ("train", "test")
        }
    }


@given(order=st.permutations(range(7)), other=st.permutations(range(7)))
@settings(max_examples=20, deadline=None)
def test_columns_are_matched_by_name(tmp_path_factory, order, other):
    names = list(columns())
    tables = [{names[i]: columns()[names[i]] for i in chosen} for chosen in (order, other)]
    folder = tmp_path_factory.mktemp("tables")
    wholes = read_all(folder, two_tables(folder, *tables))
    require_images(wholes["train"])
    require_images(wholes["test"])


def test_columns_of_other_names_are_refused(tmp_path):
    other = {name.replace("p5", "q5"): values for name, values in columns().items()}
    with pytest.raises(DataError, match=r"test.csv: .* missing 'p5'; not there 'q5'"):
        read_all(tmp_path, two_tables(tmp_path, columns(), other))


def test_a_column_that_is_no_pixel_can_be_ignored(tmp_path):
    path = tmp_path / "images.csv"
    write_csv(path, {"id": range(5), **columns()})
    with pytest.raises(DataError, match=r"7 columns beside 'what'.*'id' may go to `data.mine.ign"):
        read(path)
    require_images(read(path, ignore=["id"]))


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".npz"])
def test_a_wrong_name_of_the_labels_gets_the_nearest_one(write, ending):
    with pytest.raises(DataError, match=r"'wath', which `data.mine.label` .*did you mean 'what'"):
        read(write(ending), label="wath")


@pytest.mark.parametrize("name", ["Unnamed: 0", "what2", "__index_level_0__", "id"])
def test_the_odd_column_is_told_from_the_pixels(tmp_path, name):
    path = tmp_path / "images.csv"
    write_csv(path, columns() | {name: range(5)})
    with pytest.raises(DataError, match=rf"a pixel \('{name}' may go to `data.mine.ignore`\)"):
        read(path)


def test_an_image_as_text_in_one_column_is_no_column_to_ignore(tmp_path):
    path = tmp_path / "images.csv"
    write_csv(path, {"what": LABELS, "pixels": ["0 1 2 3 4 5"] * 5})
    with pytest.raises(DataError, match=r"1 columns beside 'what'.*one column, of Parquet"):
        read(path)


def test_two_columns_of_one_name_are_refused(tmp_path):
    path = tmp_path / "images.csv"
    path.write_text("what,p,p\n1,2,3\n")
    with pytest.raises(DataError, match=r"2 columns of the name 'p'.*`data.mine.header`"):
        read(path, image_shape=[1, 2])


def test_a_wrong_separator_and_a_missing_header_name_their_keys(tmp_path):
    path = tmp_path / "images.csv"
    write_csv(path, columns(), ";")
    with pytest.raises(DataError, match=r'no \',\', but 6 times ";".*`data.mine.separator` to ";"'):
        read(path)
    for label in ("what", 1):
        write_csv(path, columns(), header=False)
        with pytest.raises(DataError, match=r"numbers only .*`data.mine.header` to false"):
            read(path, label=label)
    with pytest.raises(DataError, match=r"a position from 0 to 6"):
        read(path, header=False)
    write_csv(path, columns())
    with pytest.raises(DataError, match=r"row 1: found 'p0'.*Has the file a header\?"):
        read(path, header=False, label=1)


# --- pixels ---------------------------------------------------------------------------------------


def with_value(value, row=2) -> np.ndarray:
    values = FLAT[:, 3].astype(object)
    values[row] = value
    return values


@pytest.mark.parametrize(
    ("ending", "changes", "message"),
    [
        (".csv", {"p3": with_value(256)}, "image 3, pixel 4: found 256, outside of `data.mine.pix"),
        (".csv", {"p3": with_value(-1)}, "image 3, pixel 4: found -1.*The values go from -1 to 23"),
        (".csv", {"p3": with_value(0.5)}, "image 3, pixel 4: found 0.5; pixels must be whole numb"),
        (".csv", {"p3": with_value("ink")}, "column 'p3', row 3: found 'ink'; a pixel must be a n"),
        (".csv", {"p3": with_value('"1,5"')}, "found '1,5'; .* Write a point before the decimals"),
        (".npz", {"images": IMAGES * -1e-9}, "all pixels are 0, black by `data.mine.pixel_range`"),
        (
            ".npz",
            {"what": np.array(["a", "b\1", "a", "b", "b"])},
            "row 2: .* which is no text",
        ),
        (".csv", {"p3": with_value("")}, "column 'p3', row 3: there is no value"),
        (".csv", {"what": [0, 1, 2, 1, 300]}, "row 5: found the label 300.*`data.mine.label`"),
        (".csv", {"what": [0, 1, 2, 1, 0.5]}, "row 5: found the label 0.5"),
        (
            ".csv",
            {"p6": LABELS},
            r"7 columns .* `data.mine.image_shape` .* makes 6",
        ),
        (".parquet", {"p3": pa.array([1, None, 3, 4, 5])}, "column 'p3', row 2: there is no"),
        (".parquet", {"p3": pa.array([0] * 5, pa.date32())}, "column 'p3', row 1: found datetime"),
        (".csv", {"p3": with_value("1_0")}, "column 'p3', row 3: found '1_0'"),
        (".npz", {"images": IMAGES.astype(int) * 9}, "pixel .: found .* outside of"),
        (".npz", {"images": IMAGES * np.nan}, "image 1, pixel 1: found nan"),
        (
            ".npz",
            {"images": IMAGES[:4]},
            r"has the shape \(4, 3, 2\); must be \(5, 3, 2\)",
        ),
        (
            ".npz",
            {"images": IMAGES.transpose(0, 2, 1)},
            r"has the shape \(5, 2, 3\); must be .*`data.mine.transposed`",
        ),
        (".npz", {"what": np.eye(5)}, r"'what' has the shape \(5, 5\)"),
        (".npz", {"more": LABELS}, "which array has the images.*`data.mine.files.train"),
        (".npz", {"what": np.array([None] * 5)}, "'what' holds Python objects.*astype"),
        (".npz", {"images": np.array([[["a"] * 2] * 3] * 5)}, "type <U1; pixels must be numbers"),
    ],
)
def test_an_error_names_its_place_and_key(write, ending, changes, message):
    path = write(ending, **changes)
    with pytest.raises(DataError, match=message) as caught:
        read(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("scale", [16, 15, 1])
def test_digits_of_a_smaller_range_need_it_declared(tmp_path, scale):
    """scikit-learn's digits, as they are (0..16) and with fewer shades."""
    digits = load_digits()
    images = np.minimum(digits.images, scale)
    path = tmp_path / "digits.npz"
    np.savez(path, images=images, what=digits.target)
    keys = {"image_shape": [8, 8]}
    with pytest.raises(DataError, match=rf"largest pixel is {scale}, .*such as \[0, {scale}\]"):
        read(path, **keys)
    split = read(path, pixel_range=[0, scale], **keys)
    assert split.brightest == scale
    assert np.array_equal(split.pixels, images.reshape(-1, 64))


def test_a_stray_bright_pixel_hides_no_wrong_range(tmp_path):
    digits = load_digits()
    digits.images[6, 2, 3] = 255
    path = tmp_path / "digits.npz"
    np.savez(path, images=digits.images, what=digits.target)
    with pytest.raises(DataError, match=r"half of the images have no pixel above 16, .*image 7, "):
        read(path, image_shape=[8, 8])


def test_dim_images_are_taken_as_they_are(tmp_path):
    """As of stars: most have no bright pixel, and the range cannot be smaller, because some do."""
    images = np.minimum(load_digits().images * 3, 40)
    images[6, 2, 3] = 255
    path = tmp_path / "dim.npz"
    np.savez(path, images=images, what=load_digits().target)
    assert np.array_equal(read(path, image_shape=[8, 8]).pixels, images.reshape(-1, 64))


def test_empty_images_say_nothing_of_the_range(tmp_path):
    images = np.concatenate([IMAGES, np.zeros((20, *SHAPE), np.uint8)])
    path = tmp_path / "images.npz"
    np.savez(path, images=images, what=np.arange(25))
    require_images(read(path), images, np.arange(25))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_each_file_of_a_list_is_held_to_the_range(tmp_path, order):
    np.savez(tmp_path / "0.npz", images=IMAGES, what=LABELS)
    np.savez(tmp_path / "1.npz", images=IMAGES / 255, what=LABELS)
    names = [f"{number}.npz" for number in order]
    files = [{"name": name, "sha256": sha256_of(tmp_path / name)} for name in names]
    entry = ENTRY | {"files": {"train": files, "test": files[order.index(0)]}}
    with pytest.raises(DataError, match=r"1.npz.*: the largest pixel is 0\.9.*`data.mine.pixel_r"):
        read_all(tmp_path, entry)


def test_bytes_that_were_taken_for_signed_ones_are_told(write):
    path = write(".npz", images=IMAGES.view(np.int8))
    with pytest.raises(DataError, match=r"found -128, outside .*array.view\(np.uint8\)"):
        read(path)


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (0, 65535)])
def test_levels_of_fractions_are_found_exactly(tmp_path, kind, low, high):
    bytes_ = np.arange(256, dtype=np.uint8)[:, np.newaxis]
    path = tmp_path / "images.npz"
    np.savez(path, images=(low + bytes_ * ((high - low) / 255)).astype(kind), what=bytes_[:, 0] % 2)
    split = read(path, image_shape=[1, 1], pixel_range=[low, high])
    assert split.brightest == 255 and np.array_equal(split.pixels, bytes_)


@pytest.mark.parametrize("rounded", [lambda x: x.astype(np.float16), lambda x: x.round(3)])
@pytest.mark.parametrize("low", [0, -1])
def test_levels_of_fractions_of_few_digits_are_found(tmp_path, rounded, low):
    bytes_ = np.arange(256, dtype=np.uint8)[:, np.newaxis]
    path = tmp_path / "images.npz"
    np.savez(path, images=rounded(low + bytes_ * ((1 - low) / 255)), what=bytes_[:, 0] % 2)
    split = read(path, image_shape=[1, 1], pixel_range=[low, 1])
    assert split.brightest == 255 and np.array_equal(split.pixels, bytes_)
    # Of 0 to 255 a tenth is no blur of three decimals.
    np.savez(path, images=bytes_[:-1].T + 0.1, what=[0])
    with pytest.raises(DataError, match=r"found 0.1; pixels must be whole numbers"):
        read(path, image_shape=[1, 255])


def test_what_floating_point_has_put_in_is_no_fraction(tmp_path):
    path = tmp_path / "images.npz"
    generator = np.random.default_rng(0)
    noise = generator.normal(0, 1e-9, (200, *SHAPE))
    images = generator.integers(0, 256, (200, *SHAPE))
    np.savez(path, images=images + noise, what=np.arange(200))
    require_images(read(path), images, np.arange(200))


def test_a_range_may_be_written_with_the_digits_that_messages_show(tmp_path):
    """Of images that were brought to mean 0 and deviation 1."""
    digits = load_digits()
    images = (digits.images - digits.images.mean()) / digits.images.std()
    path = tmp_path / "digits.npz"
    np.savez(path, images=images, what=digits.target)
    with pytest.raises(DataError, match="The values go from") as caught:
        read(path, image_shape=[8, 8], pixel_range=[-0.811, 1.85])
    shown = re.search(r"go from (\S+) to (\S+):", str(caught.value))
    for ends in ([float(end) for end in shown.groups()], [images.min(), images.max()]):
        split = read(path, image_shape=[8, 8], pixel_range=ends)
        assert split.brightest == 16
        assert np.array_equal(split.pixels, digits.images.reshape(-1, 64))


def test_more_than_256_levels_are_refused(tmp_path):
    path = tmp_path / "images.npz"
    np.savez(path, images=np.random.default_rng(0).random((50, 6)), what=np.arange(50) % 2)
    with pytest.raises(DataError, match=r"at most 256 evenly spaced levels from 0 to 1.*pixel_r"):
        read(path, pixel_range=[0, 1])
    np.savez(path, images=np.arange(256)[:, np.newaxis], what=np.arange(256) % 2)
    with pytest.raises(DataError, match=r"from 0 to 256, `data.mine.pixel_r.*Is white another"):
        read(path, pixel_range=[0, 256], image_shape=[1, 1])


# --- labels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".npz"])
def test_words_are_numbered_by_the_alphabet_or_as_declared(write, ending):
    path = write(ending, what=np.array(["dog", "cat", "dog", "ant", "Bee"]))
    split = read(path)
    assert split.class_names == ("Bee", "ant", "cat", "dog")
    assert split.labels.tolist() == [3, 2, 3, 1, 0]
    split = read(path, class_names=["dog", "cat", "ant", "Bee"])
    assert split.labels.tolist() == [0, 1, 0, 2, 3]
    with pytest.raises(DataError, match=r"row 2: .*'cat'.*`data.mine.class_names`.*'ca'"):
        read(path, class_names=["dog", "ca", "ant", "Bee"])


def test_true_and_false_stay_as_a_csv_file_spells_them(write):
    path = write(".csv", what=["true", "false", "true", "true", "false"])
    assert read(path, class_words=["false", "true"]).class_names == ("false", "true")


def test_a_csv_file_of_another_encoding_is_told(write):
    path = write(".csv", what=["Käse", "Brot", "Käse", "Käse", "Brot"])
    text = path.read_text()
    path.write_text(text, encoding="latin-1")
    with pytest.raises(DataError, match=r"column 'what'.* a word, in UTF-8"):
        read(path)
    path.write_text(text, encoding="utf-16")
    with pytest.raises(DataError, match=r"another encoding than UTF-8"):
        read(path)


def test_words_of_the_tasks_are_held_to_the_files(write):
    path = write(".npz", what=np.array(["dog", "cat", "dog", "cat", "cat"]))
    assert read(path, class_words=["ant", "cat", "dog"]).labels.tolist() == [2, 1, 2, 1, 1]
    with pytest.raises(DataError, match=r"row 2: found the label 'cat'.*`classes` of a task"):
        read(path, class_words=["ant", "dog"])
    path = write(".npz", what=LABELS % 2)
    with pytest.raises(DataError, match=r"numbers, but tasks name 'ant'.*`data.mine.class_names`"):
        read(path, class_words=["ant", "dog"])


def test_an_accent_of_its_own_makes_no_other_class(write):
    words = np.array(["caf\u00e9", "cafe\u0301", "tea", "tea", "tea"])
    assert read(write(".npz", what=words)).class_names == ("caf\u00e9", "tea")


def test_categories_and_truths_of_parquet_are_labels(write):
    labels = pa.array(LABELS.tolist()).dictionary_encode()
    assert np.array_equal(read(write(".parquet", what=labels)).labels, LABELS)
    assert read(write(".parquet", what=LABELS == 1)).class_names == ("False", "True")


def test_bytes_of_parquet_are_words(write):
    words = np.array([b"ant", b"bee", b"ant", b"ant", b"ant"])
    assert read(write(".parquet", what=words)).class_names == ("ant", "bee")
    with pytest.raises(DataError, match=r"column 'what'.*binary; .* a word, in UTF-8"):
        read(write(".parquet", what=np.where(words == b"ant", b"\xff", words)))
    with pytest.raises(DataError, match=r"column 'what'.*list.*; a label is a number or a word"):
        read(write(".parquet", what=pa.array([[1]] * 5)))


def test_spaces_around_a_word_make_no_other_class(write):
    split = read(write(".npz", what=np.array(["dog ", "dog", " cat", "cat", "cat"])))
    assert split.class_names == ("cat", "dog") and split.labels.tolist() == [1, 1, 0, 0, 0]


@pytest.mark.parametrize("spelling", ["{}", "{}.", "{}.0", "{}.00", " {} ", "0{}", "+{}"])
def test_words_that_are_numbers_are_numbers(write, spelling):
    words = [spelling.format(label) for label in LABELS]
    split = read(write(".npz", what=np.array(words)))
    assert split.class_names == () and np.array_equal(split.labels, LABELS)


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".npz"])
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["1", "0", "10", "x", "2"], "row 4: found the label 'x', a word among numbers"),
        (["a", "b", "7", "a", "b"], "row 3: found the label '7', a number among words"),
        (["1", "0", "10", "nan", "2"], "row 4: (found 'nan', as is written|there is no value)"),
        (["a", "b", "", "a", "b"], "row 3: there is no label"),
        (["a", "NA", "b", "a", "b"], "row 2: found 'NA', as is written where there is no label"),
        (["-1", "1", "-1", "1", "1"], "row 1: found the label -1; .*number the classes 0, 1, ..."),
        (["1.5", "1", "1", "1", "1"], r"row 1: found the label 1\.5"),
        (["12345678901"] * 5, r"row 1: found the label 12345678901.*from 0 to 255"),
    ],
)
def test_an_odd_label_is_named(write, ending, labels, message):
    with pytest.raises(DataError, match=message):
        read(write(ending, what=np.array(labels)))


def test_a_class_may_be_called_as_nothing_is_if_it_is_declared(write):
    words = ["NA", "b", "NA", "b", "b"]
    split = read(write(".csv", what=np.array(words)), class_names=["b", "NA"])
    assert split.labels.tolist() == [1, 0, 1, 0, 0]


def test_numbers_may_be_names_among_others_if_they_are_declared(write):
    path = write(".csv", what=["A", "1", "0", "B", "1"])
    split = read(path, class_names=["0", "1", "A", "B"])
    assert split.labels.tolist() == [2, 1, 0, 3, 1]
    # Without that 10 would come before 2.
    with pytest.raises(DataError, match=r"row 1: found the label 'A'.*`data.mine.class_names`"):
        read(path)


def test_names_that_are_other_numbers_are_refused(write):
    with pytest.raises(DataError, match=r"class_names` calls 0 '1', another number"):
        read(write(".npz", what=LABELS % 2), class_names=["1", "0"])


def test_labels_in_bytes_of_another_encoding_are_told_to_be_decoded(write):
    words = np.array(["Käse", "Brot", "Käse", "Brot", "Brot"])
    assert read(write(".npz", what=np.char.encode(words, "utf-8"))).class_names == ("Brot", "Käse")
    with pytest.raises(DataError, match=r"array 'what' has bytes that are not text in UTF-8"):
        read(write(".npz", what=np.char.encode(words, "latin-1")))


def test_numbers_have_the_names_of_their_places(write):
    path = write(".npz", what=LABELS % 3)
    split = read(path, class_names=["ant", "bee", "cat"])
    assert [split.name_of(label) for label in split.labels[:3]] == ["ant", "bee", "cat"]
    with pytest.raises(DataError, match=r"row 3: found the label 2.*class_names` has 2 names"):
        read(path, class_names=["ant", "bee"])


def test_words_and_numbers_do_not_mix(tmp_path):
    words = columns() | {"what": np.array(list("abcde"))}
    with pytest.raises(DataError, match=r"test.csv: its labels are numbers, but words in .*train"):
        read_all(tmp_path, two_tables(tmp_path, words, columns()))


# --- IDX of other types ---------------------------------------------------------------------------


IDX_CODES = {"u1": 0x08, "i1": 0x09, ">i2": 0x0B, ">i4": 0x0C, ">f4": 0x0D, ">f8": 0x0E}


def write_any_idx(path: Path, array: np.ndarray, kind: str) -> None:
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    path.write_bytes(
        bytes([0, 0, IDX_CODES[kind], array.ndim]) + sizes + array.astype(kind).tobytes()
    )


def idx_entry(folder, **keys) -> dict:
    return keys | {
        "files": {
            f"{role}_{part}": {"name": part, "sha256": sha256_of(folder / part)}
            for role in ("train", "test")
            for part in ("images", "labels")
        }
    }


@pytest.mark.parametrize("kind", IDX_CODES)
def test_idx_of_all_types_is_read(tmp_path, kind):
    images = IMAGES // (2 if kind == "i1" else 1)
    write_any_idx(tmp_path / "images", images, kind)
    write_any_idx(tmp_path / "labels", LABELS % 100, kind)
    keys = {"pixel_range": [0, 127]} if kind == "i1" else {}
    require_images(read_all(tmp_path, idx_entry(tmp_path, **keys))["train"], images, LABELS % 100)


def test_labels_of_several_columns_are_read_by_position(tmp_path):
    """As QMNIST has them, int32 (n, 8)."""
    write_idx(tmp_path / "images", IMAGES)
    table = np.arange(40).reshape(5, 8) * 1000
    table[:, 2] = LABELS
    write_any_idx(tmp_path / "labels", table, ">i4")
    require_images(read_all(tmp_path, idx_entry(tmp_path, label=2))["train"])
    with pytest.raises(DataError, match=r"labels: its header says int32, 5 x 8.*`data.mine.label`"):
        read_all(tmp_path, idx_entry(tmp_path))
    with pytest.raises(DataError, match=r"images: its header says uint8, 5 x 3 x 2.*channels`"):
        read_all(tmp_path, idx_entry(tmp_path, channels=3))


def test_labels_of_one_column_are_labels(tmp_path):
    write_idx(tmp_path / "images", IMAGES)
    write_idx(tmp_path / "labels", LABELS[:, np.newaxis])
    require_images(read_all(tmp_path, idx_entry(tmp_path))["train"])
    write_idx(tmp_path / "labels", np.eye(5))
    with pytest.raises(DataError, match=r"uint8, 5 x 5.*labels.argmax\(axis=1\)"):
        read_all(tmp_path, idx_entry(tmp_path))


@pytest.mark.parametrize("axis", [1, -1])
def test_the_one_channel_of_idx_may_be_an_axis(tmp_path, axis):
    write_idx(tmp_path / "images", np.expand_dims(IMAGES, axis))
    write_idx(tmp_path / "labels", LABELS)
    require_images(read_all(tmp_path, idx_entry(tmp_path))["train"])


def test_where_the_colours_of_idx_are_must_be_declared(tmp_path):
    images = np.arange(120, dtype=np.uint8).reshape(5, 3, 4, 2) * 2
    write_idx(tmp_path / "images", images)
    write_idx(tmp_path / "labels", LABELS)
    entry = idx_entry(tmp_path, channels=3, channels_first=True)
    require_images(read_all(tmp_path, entry)["train"], np.moveaxis(images, 1, -1))
    with pytest.raises(DataError, match=r"5 x 3 x 4 x 2, of which the last.*channels_first`"):
        read_all(tmp_path, entry | {"channels_first": False})
    write_idx(tmp_path / "images", np.moveaxis(images, 1, -1))
    with pytest.raises(DataError, match=r"5 x 4 x 2 x 3, of which the second.*channels_first`"):
        read_all(tmp_path, idx_entry(tmp_path, channels=3, channels_first=True))


# --- limits and damage ----------------------------------------------------------------------------


def test_a_claimed_size_takes_no_memory(tmp_path):
    path = tmp_path / "images.npz"
    header = io.BytesIO()
    claim = {"descr": "|u1", "fortran_order": False, "shape": (2**40, 3, 2)}
    np.lib.format.write_array_header_1_0(header, claim)
    np.savez(path, what=LABELS)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("images.npy", header.getvalue() + IMAGES.tobytes())
    with pytest.raises(DataError, match="array 'images' claims the shape"):
        read(path)


@pytest.mark.parametrize("as_list", [False, True])
def test_a_small_file_of_endless_zeros_takes_no_memory(tmp_path, monkeypatch, as_list):
    monkeypatch.setattr("images.tables._LARGEST", 10**5)
    zeros = np.zeros(10**5, np.uint8)
    pixels = pa.array([[0]] * 10**5, pa.list_(pa.uint8())) if as_list else zeros
    pq.write_table(pa.table({"what": zeros, "p": pixels}), tmp_path / "zeros.parquet")
    with pytest.raises(DataError, match="100000 rows of 2 columns would take more memory"):
        read(tmp_path / "zeros.parquet", image_shape=[1, 1])


def test_columns_count_with_the_bytes_that_they_take(tmp_path, monkeypatch):
    monkeypatch.setattr("images.tables._LARGEST", 2 * 10**5)
    bright = np.full(10**5, 255, np.uint8)
    pq.write_table(pa.table({"what": bright, "p": bright}), tmp_path / "bright.parquet")
    assert len(read(tmp_path / "bright.parquet", image_shape=[1, 1]).labels) == 10**5


def test_a_csv_file_that_would_take_all_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("images.tables._LARGEST_CSV", 10)
    (tmp_path / "images.csv").write_text("what,p\n1,2\n3,4\n")
    with pytest.raises(DataError, match="larger than 10 bytes"):
        read(tmp_path / "images.csv", image_shape=[1, 1])


def test_a_row_that_is_too_short_is_named(tmp_path):
    (tmp_path / "images.csv").write_text("what,p\n1,2\n3\n")
    with pytest.raises(DataError, match=r"Row #3: Expected 2 col.*`data.mine.separator`"):
        read(tmp_path / "images.csv", image_shape=[1, 1])


def test_a_page_of_the_web_is_no_table(tmp_path):
    (tmp_path / "images.csv").write_text("<!DOCTYPE html>\n<html>\n</html>\n")
    with pytest.raises(DataError, match=r"no column 'what'"):
        read(tmp_path / "images.csv")


@pytest.mark.parametrize("content", ["what,p\n", ""])
def test_a_table_without_rows_is_named_as_such(tmp_path, content):
    (tmp_path / "images.csv").write_text(content)
    with pytest.raises(DataError, match=r"it has no rows|it is empty"):
        read(tmp_path / "images.csv", image_shape=[1, 1])


def test_a_row_may_be_longer_than_a_block_of_arrow(tmp_path):
    path = tmp_path / "images.csv"
    names = ",".join(f"{i:_>60}" for i in range(20_000))
    path.write_text(f"what,{names}\n7{',255' * 20_000}\n")
    split = read(path, image_shape=[200, 100])
    assert split.image_shape == (200, 100) and split.labels.tolist() == [7]


generated = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@generated
@given(data=st.data())
def test_a_generated_table_is_read_rightly_or_refused_with_file_and_key(tmp_path, data):
    """Whatever is declared about whatever was written: a right result or a message of ours."""
    low, high = data.draw(st.sampled_from([(0, 255), (0, 16), (0, 1), (-1, 1), (-128, 127)]))
    n, rows, cols = (data.draw(st.integers(1, 4)) for _ in range(3))
    levels = np.array(
        data.draw(st.lists(st.integers(0, 16), min_size=n * rows * cols, max_size=n * rows * cols))
    )
    pixels = low + levels * ((high - low) / 16)
    if data.draw(st.booleans()):
        pixels = np.rint(pixels)
    labels = data.draw(
        st.lists(st.sampled_from([0, 1, 7, "a", "b c", "ü"]), min_size=n, max_size=n)
    )
    names = [f"p{i}" for i in range(rows * cols)]
    pixels = pixels.reshape(n, -1)
    table = {"what": labels} | {name: pixels[:, i].tolist() for i, name in enumerate(names)}
    order = data.draw(st.permutations(list(table)))
    separator, header = data.draw(st.sampled_from(",;")), data.draw(st.booleans())
    path = tmp_path / "t.csv"
    write_csv(path, {name: table[name] for name in order}, separator, header)
    keys = {
        "image_shape": [rows, cols],
        "pixel_range": data.draw(st.sampled_from([[0, 255], [low, high]])),
        "separator": data.draw(st.sampled_from([separator, separator, ","])),
        "header": data.draw(st.sampled_from([header, header, True])),
        "label": data.draw(st.sampled_from(["what", order.index("what")])),
    }
    try:
        split = read(path, **keys)
    except DataError as error:
        assert str(path) in str(error)
        assert "`data.mine." in str(error) or "there is no value" in str(error)
    else:
        assert keys["header"] == header
        declared, bright = keys["pixel_range"], split.brightest
        shown = declared[0] + split.pixels * ((declared[1] - declared[0]) / bright)
        wanted = pixels if header else pixels[:, [int(n[1:]) for n in order if n != "what"]]
        assert np.allclose(shown, wanted, atol=1e-5)
        assert [split.name_of(label) for label in split.labels] == list(map(str, labels))


@generated
@given(data=st.data())
def test_a_generated_idx_file_is_read_rightly_or_refused(tmp_path, data):
    kind = data.draw(st.sampled_from(list(IDX_CODES)))
    shape = tuple(data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=4)))
    low = data.draw(st.sampled_from([0, -3]))
    values = data.draw(st.lists(st.integers(low, 127), min_size=81, max_size=81))
    array = np.resize(np.array(values), shape).astype(kind)
    write_any_idx(tmp_path / "images", array, kind)
    write_any_idx(tmp_path / "labels", np.arange(shape[0]), kind)
    entry = idx_entry(tmp_path, pixel_range=data.draw(st.sampled_from([[0, 255], [-128, 127]])))
    try:
        split = read_all(tmp_path, entry)["train"]
    except DataError as error:
        assert str(tmp_path) in str(error) and "`data.mine." in str(error)
    else:
        shown = split.pixels.astype(float) + entry["pixel_range"][0]
        assert split.brightest == 255 and np.array_equal(shown, array.reshape(shape[0], -1))


@generated
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
@generated
@given(data=st.data())
def test_damaged_bytes_give_arrays_or_our_error(write, ending, data):
    path = write(ending)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    require_arrays_or_our_error(path)


@generated
@given(data=st.data())
def test_a_damaged_picture_gives_an_image_or_our_error(tmp_path, data):
    content = bytearray(PICTURES[0])
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "images.parquet"
    pq.write_table(pa.table({"image": [PICTURES[4], bytes(content)], "what": [0, 1]}), path)
    require_arrays_or_our_error(path)


def require_arrays_or_our_error(path) -> None:
    try:
        split = read(path)
    except DataError as error:
        assert str(path) in str(error)
    else:
        assert split.image_shape == SHAPE
        assert len(split.pixels) == len(split.labels)


@generated
@given(data=st.data())
def test_a_generated_idx_file_is_read_rightly_or_refused_with_file_and_key(tmp_path, data):
    """Any type and shape, any range and layout that is declared: a right result or a message."""
    draw = data.draw
    low, high = draw(st.sampled_from([(0, 255), (0, 16), (0, 1), (-1, 1), (-128, 127), (0, 1000)]))
    shape = draw(st.sampled_from([(2, 3), (1, 1), (3, 3), (2, 3, 3), (3, 2, 2)]))
    n = draw(st.integers(1, 4))
    levels = draw(npst.arrays(np.uint8, (n, *shape), elements=st.integers(0, 16)))
    images = low + levels * ((high - low) / 16)
    kinds = [
        kind
        for kind in IDX_CODES
        if np.dtype(kind).kind == "f"
        or (
            (images == np.rint(images)).all()
            and np.iinfo(kind).min <= images.min() <= images.max() <= np.iinfo(kind).max
        )
    ]
    kind = draw(st.sampled_from(kinds))
    labels = draw(
        npst.arrays(np.int64, st.sampled_from([(n,), (n, 2)]), elements=st.integers(0, 99))
    )
    write_any_idx(tmp_path / "images", images, kind)
    write_any_idx(tmp_path / "labels", labels, draw(st.sampled_from([*IDX_CODES])))
    keys = {
        "pixel_range": draw(st.sampled_from([[0, 255], [low, high], [low, high]])),
        "transposed": draw(st.booleans()),
        "channels": draw(st.sampled_from([1, 3])),
        "channels_first": draw(st.booleans()),
        "label": draw(st.sampled_from([None, 0, 1, 2])),
    }
    try:
        split = read_all(tmp_path, idx_entry(tmp_path, **keys))["train"]
    except DataError as error:
        assert str(tmp_path / "images") in str(error) or str(tmp_path / "labels") in str(error)
        assert "`data.mine." in str(error)
        return
    assert (keys["channels"] == 3) == (images.ndim == 4)
    wanted = np.moveaxis(images, 1, -1) if images.ndim == 4 and keys["channels_first"] else images
    wanted = wanted.swapaxes(1, 2) if keys["transposed"] else wanted
    start, end = keys["pixel_range"]
    shown = start + split.pixels * ((end - start) / split.brightest)
    assert split.image_shape == wanted.shape[1:]
    assert np.allclose(shown, wanted.reshape(n, -1), atol=(end - start) * 1e-5)
    column = labels if labels.ndim == 1 else labels[:, keys["label"]]
    assert split.labels.tolist() == column.tolist()


@generated
@given(data=st.data())
def test_a_generated_column_of_images_is_read_rightly_or_refused(tmp_path, data):
    """Parquet and NumPy: lists, bytes, pictures and arrays, rightly or wrongly declared."""
    draw = data.draw
    n, rows, cols = (draw(st.integers(1, 3)) for _ in range(3))
    images = draw(npst.arrays(np.uint8, (n, rows, cols)))
    images[0, 0, 0] = 255  # or else the range that is declared would be too large
    labels = draw(npst.arrays(np.uint8, n))
    columns_of_images = {
        "lists": lambda: pa.array(images.reshape(n, -1).tolist()),
        "nested": lambda: pa.array(images.tolist()),
        "bytes": lambda: pa.array([image.tobytes() for image in images]),
        "pictures": lambda: pa.array([{"bytes": png(image), "path": None} for image in images]),
        "none": lambda: pa.array([None] * n, pa.binary()),
    }
    form = draw(st.sampled_from([*columns_of_images, "npz", "flat npz"]))
    if "npz" in form:
        path = tmp_path / "t.npz"
        shaped = images.reshape(n, -1) if form.startswith("flat") else images
        np.savez(
            path, what=labels, x=shaped.astype(draw(st.sampled_from(["u1", "i2", "f4", "f8"])))
        )
    else:
        path = tmp_path / "t.parquet"
        pq.write_table(pa.table({"x": columns_of_images[form](), "what": labels}), path)
    declared = draw(st.sampled_from([[rows, cols], [rows, cols], [cols, rows], [rows, cols + 1]]))
    transposed = draw(st.booleans())
    try:
        split = read(path, image_shape=declared, transposed=transposed)
    except DataError as error:
        assert str(path) in str(error)
        assert "`data.mine." in str(error) or "there are no bytes of an image" in str(error)
        return
    assert form != "none"
    # Numbers without a shape of their own take that of the config.
    in_file = declared[::-1] if transposed else declared
    wanted = images.reshape(n, *in_file)
    require_images(split, wanted.swapaxes(1, 2) if transposed else wanted, labels)
    if form in ("pictures", "npz"):
        assert in_file == [rows, cols]


def test_labels_that_are_true_or_false_are_words(tmp_path):
    path = tmp_path / "images.npz"
    np.savez(path, what=LABELS == 1, images=IMAGES)
    split = read(path)
    assert split.class_names == ("False", "True")
    assert np.array_equal(split.labels, LABELS == 1)

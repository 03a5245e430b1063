"""What people bring, each kind from several real sources: a right result, or a message that helps.

The first source of a kind is what was reported to have gone wrong; the others are other real data
of that kind. From the config on, all runs as in the workflow, but without Snakemake.
"""

import functools
import gzip
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from generated import CONFIG
from pages import FASHION
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images

from common.errors import DataError
from common.files import sha256_of
from images.layout import Layout
from images.splits import first_examples, select_classes
from images.summary import require_meaning, summarise
from pipeline.config import ConfigError, read_config
from plots import figures
from prepare import cut, read_wholes
from regression.evaluation import evaluate
from regression.settings import Settings
from regression.trainers import make_trainer
from runs.grid import expand_sweeps
from runs.results import Weights
from runs.schemas import SETTINGS

ROWS, TRAIN = 1700, 1100
ROLES = {"train": slice(TRAIN), "test": slice(TRAIN, ROWS)}
SPLITS = {
    "train": {"from": "train", "first": 0, "count": TRAIN},
    "validation": {"from": "test", "first": 0, "count": 500},
    "test": {"from": "test", "first": 500, "count": 100},
}

# --- real images, as numbers (n, rows, columns) or (n, rows, columns, 3), and their labels --------


@functools.cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Scikit-learn's: 8 x 8 pixels from 0 to 16."""
    data = load_digits()
    return data.images[:ROWS].astype(np.uint8), data.target[:ROWS]


@functools.cache
def fashion() -> tuple[np.ndarray, np.ndarray]:
    """Debian's dataset-fashion-mnist: 28 x 28 pixels from 0 to 255."""
    if not FASHION.is_dir():
        pytest.skip("dataset-fashion-mnist is not installed")
    arrays = []
    for part in ("images-idx3", "labels-idx1"):
        raw = gzip.decompress((FASHION / f"t10k-{part}-ubyte.gz").read_bytes())
        sizes = np.frombuffer(raw, ">u4", raw[3], 4)
        arrays.append(np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(sizes)[:ROWS])
    return arrays[0], arrays[1]


@functools.cache
def photographs() -> tuple[np.ndarray, np.ndarray]:
    """Pieces, 12 x 16 pixels in colour, of scikit-learn's photographs: a temple and a flower."""
    pieces = [
        (picture[top : top + 12, left : left + 16], label)
        for label, picture in enumerate(load_sample_images().images)
        for top in range(0, 410, 15)
        for left in range(0, 620, 18)
    ]
    order = np.random.default_rng(0).permutation(len(pieces))[:ROWS]
    images, labels = zip(*(pieces[i] for i in order), strict=True)
    return np.array(images), np.array(labels)


DIGIT_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
CLOTHES = [
    "top",
    "trousers",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "boot",
]

# --- files and what comes of them -----------------------------------------------------------------


def columns_of(images, labels) -> dict[str, np.ndarray]:
    flat = images.reshape(len(images), -1)
    return {"label": labels} | {f"pixel{i}": flat[:, i] for i in range(flat.shape[1])}


def write_csv(path, columns: dict, separator=",", header=True) -> None:
    rows = np.column_stack([values.astype(str) for values in columns.values()]).tolist()
    lines = [list(columns)] * header + rows
    path.write_text("".join(separator.join(line) + "\n" for line in lines))


def write_parquet(path, columns: dict) -> None:
    pq.write_table(pa.table(columns), path)


def write_npz(path, columns: dict) -> None:
    np.savez(path, **columns)


def write_any_idx(path, array: np.ndarray) -> None:
    """An IDX file of the array's own type."""
    codes = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}
    header = bytes([0, 0, codes[array.dtype.str[1:]], array.ndim])
    sizes = np.array(array.shape, ">u4").tobytes()
    path.write_bytes(header + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes())


WRITERS = {".csv": write_csv, ".parquet": write_parquet, ".npz": write_npz}


def entry(folder, ending, images, of_role, **keys) -> dict:
    """Write a table for each role, `of_role(rows)`, and describe them as an entry of `data`."""
    options = {k: keys.pop(k) for k in ("written_with", "written_header") if k in keys}
    for role, rows in ROLES.items():
        path = folder / f"{role}{ending}"
        csv_options = {"separator": options.get("written_with", ",")}
        csv_options["header"] = options.get("written_header", True)
        WRITERS[ending](path, of_role(rows), **(csv_options if ending == ".csv" else {}))
    shape = {"image_shape": list(images.shape[1:3]), "label": "label"}
    return described(folder, {role: f"{role}{ending}" for role in ROLES}, **shape | keys)


def idx_entry(folder, images, labels, **keys) -> dict:
    names = {}
    for role, rows in ROLES.items():
        for part, array in (("images", images), ("labels", labels)):
            names[f"{role}_{part}"] = f"{role}-{part}"
            write_any_idx(folder / f"{role}-{part}", array[rows])
    return described(folder, names, **keys)


def described(folder, names: dict, **keys) -> dict:
    files = {
        role: {"name": name, "sha256": sha256_of(folder / name)} for role, name in names.items()
    }
    return {"files": files, "mirrors": [f"file:{folder}/{{file}}"], "splits": SPLITS} | keys


def config_of(data: dict, **task) -> dict:
    """A config as a user writes it, with what all these tests have in common."""
    settings = {
        "dataset": "mine",
        "model": "softmax",
        "classes": list(range(10)),
        "learning_rate": 0.05,
        "batch_size": 50,
        "max_epochs": 60,
        "patience": None,
        "l2_lambda": ["0"],
        "shuffle": [True],
        "seeds": [0],
    }
    tasks = {"mine": settings | task}
    return {"data": {"mine": data}, "tasks": tasks, "figures": {}, "tables": {}, "claims": None}


def outcome(folder, data: dict, **task) -> tuple[float | str, list[str]]:
    """Train: the validation accuracy, or "diverged", and the names of the classes."""
    config = read_config(config_of(data, **task))
    data = config["data"]["mine"]
    wholes = read_wholes(folder, data, Layout.of_entry("mine", data))
    splits = {
        name: cut(wholes[s["from"]], s["first"], s["count"], name)
        for name, s in data["splits"].items()
    }
    ((name, settings),) = expand_sweeps(config["tasks"]).items()
    taken = {name: {key: settings[key] for key in ("classes", "train_size")}}
    require_meaning(summarise("mine", splits, taken))
    examples = {role: select_classes(split, settings["classes"]) for role, split in splits.items()}
    train = first_examples(examples["train"], settings["train_size"])
    told = {key: settings[key] for key in SETTINGS} | {"task": name, "shuffle": "true"}
    told["l2_lambda"] = float(settings["l2_lambda"][0])
    with np.errstate(all="ignore"):
        result = make_trainer(Settings(**told), train, examples["validation"])(0)
    names = [splits["train"].name_of(label) for label in settings["classes"]]
    if result.ended == "diverged":
        return "diverged", names
    return evaluate("softmax", result.weights, examples["validation"]).accuracy, names


# --- another range of pixels ----------------------------------------------------------------------


def sixteen_shades(folder, **keys):
    images, labels = digits()
    return entry(folder, ".csv", images, lambda r: columns_of(images[r], labels[r]), **keys)


def fractions(folder, **keys):
    images, labels = (digits()[0] / np.float32(16)), digits()[1]
    arrays = lambda rows: {"label": labels[rows], "images": images[rows]}  # noqa: E731
    return entry(folder, ".npz", images, arrays, **keys)


def fractions_of_255(folder, **keys):
    images, labels = fashion()[0] / 255, fashion()[1]
    return entry(folder, ".parquet", images, lambda r: columns_of(images[r], labels[r]), **keys)


def ink_or_none(folder, **keys):
    return idx_entry(folder, (digits()[0] > 7).astype(np.uint8), digits()[1].astype("u1"), **keys)


@pytest.mark.parametrize(
    ("make", "white", "accuracy"),
    [
        (sixteen_shades, 16, 0.9),
        (fractions, 1, 0.9),
        (fractions_of_255, 1, 0.75),
        (ink_or_none, 1, 0.85),
    ],
)
def test_another_range_is_declared_or_missed(tmp_path, make, white, accuracy):
    message = rf"largest pixel is {white}, .*`data.mine.pixel_range` .*such as \[0, {white}\]"
    with pytest.raises(DataError, match=message):
        outcome(tmp_path, make(tmp_path))
    assert outcome(tmp_path, make(tmp_path, pixel_range=[0, white]))[0] >= accuracy


# --- columns in another order ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "ending", "keys"),
    [
        (digits, ".csv", {"pixel_range": [0, 16]}),
        (digits, ".parquet", {"pixel_range": [0, 16]}),
        (fashion, ".csv", {}),
        (photographs, ".parquet", {"channels": 3}),
    ],
)
def test_columns_in_another_order_are_matched_by_name(tmp_path, source, ending, keys):
    images, labels = source()
    classes = sorted(set(labels.tolist()))

    def table(rows, seed=None):
        columns = columns_of(images[rows], labels[rows])
        order = np.array(list(columns))
        if seed is not None and rows == ROLES["test"]:
            order = np.random.default_rng(seed).permutation(order)
        return {name: columns[name] for name in order}

    as_given = outcome(
        tmp_path, entry(tmp_path, ending, images, table, **keys), classes=classes, max_epochs=5
    )
    permuted = entry(tmp_path, ending, images, lambda rows: table(rows, 0), **keys)
    assert outcome(tmp_path, permuted, classes=classes, max_epochs=5) == as_given
    assert as_given[0] > 0.65


# --- sorted by label ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "train_size", "message"),
    [
        (digits, 100, r"`train_size` is 100, .* none of 9 of these classes.*sorted by label"),
        (fashion, 300, r"`train_size` is 300, .* none of 7 of these classes.*sorted by label"),
        (photographs, 50, r"`train_size` is 50, .* none of 1 of these classes.*sorted by label"),
        (digits, None, r"split train: no image has the label 7, 8, 9;.*`splits`.*sorted by label"),
    ],
)
def test_a_sorted_file_stops_before_it_trains(tmp_path, source, train_size, message):
    images, labels = source()
    # Without train_size it is the whole file that is sorted, and not the training part alone.
    many = TRAIN if train_size else ROWS
    order = np.r_[np.argsort(labels[:many], kind="stable"), many:ROWS]
    images, labels = images[order], labels[order]
    keys = {"channels": 3} if source is photographs else {}
    keys |= {"pixel_range": [0, 16]} if source is digits else {}
    data = entry(
        tmp_path, ".npz", images, lambda r: {"label": labels[r], "images": images[r]}, **keys
    )
    classes = sorted(set(labels.tolist()))
    with pytest.raises(DataError, match=message):
        outcome(tmp_path, data, classes=classes, train_size=train_size)


# --- divergence -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "task"),
    [
        (digits, {"learning_rate": 0.5, "l2_lambda": ["100"]}),
        (fashion, {"learning_rate": 0.1, "l2_lambda": ["100"]}),
        (photographs, {"learning_rate": 3.0, "l2_lambda": ["10"], "classes": [0, 1]}),
        (digits, {"learning_rate": 1e300}),
    ],
)
def test_a_diverged_run_is_a_result(tmp_path, source, task):
    images, labels = source()
    keys = {"channels": 3} if source is photographs else {}
    keys |= {"pixel_range": [0, 16]} if source is digits else {}
    data = entry(
        tmp_path, ".npz", images, lambda r: {"label": labels[r], "images": images[r]}, **keys
    )
    assert outcome(tmp_path, data, **task)[0] == "diverged"


# --- many classes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "classes", "name"),
    [
        (fashion, 26, "class {}"),
        (digits, 47, "class {}"),
        (photographs, 100, "{}"),
        (fashion, 100, "{} ankle boots"),
        (digits, 100, "{}_costs_$_or_$_Donaudampfschiff"),
    ],
)
def test_weights_of_many_classes_stay_readable(source, classes, name):
    """The images themselves stand for weights; their names are as long as those of letters."""
    images, _ = source()
    matrix = images[:classes].reshape(classes, -1).T.astype(float)
    names = [name.format(number) for number in range(classes)]
    weights = Weights(
        np.vstack([matrix, np.zeros(classes)]), list(range(classes)), names, images.shape[1:]
    )

    class OneRun:
        def weights(self, row):
            return weights

    row = dict.fromkeys(figures.SETTINGS, 1) | {"task": "t", "shuffle": "true", "l2_lambda": 0.0}
    row |= {"spelling": "0", "seed": 0, "ended": "max_epochs", "steps": 1}
    figure = figures.draw("weights", OneRun(), [row], {"title": "W"})
    axes = figure.axes[0]
    boxes = [text.get_window_extent() for text in axes.texts]
    # No label is in the image above it, whose last row is as far down as the image is high.
    tops = [text.get_position()[1] for text in axes.texts]
    for box, top in zip(boxes, tops, strict=True):
        above = max((other for other in tops if other < top), default=-np.inf)
        highest = axes.transData.inverted().transform((0, box.y1))[1]
        assert highest >= above + images.shape[1] + 0.5
    # Words are broken into lines, and what takes more than three of them is cut.
    shown = ["".join(text.get_text().split()).rstrip("…") for text in axes.texts]
    assert all(n.replace(" ", "").startswith(s) for s, n in zip(shown, names, strict=True))
    assert len(set(shown)) == classes
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[number + 1 :])
    # In print, a class takes at least five millimetres.
    shown = np.diff(axes.transData.transform([(0, 0), (weights.pictures().shape[2], 0)])[:, 0])
    assert shown[0] / figure.dpi * 25.4 > 5


# --- CSV of other dialects ------------------------------------------------------------------------


def test_no_header(tmp_path):
    images, labels = digits()
    table = lambda r: columns_of(images[r], labels[r])  # noqa: E731
    keys = {"pixel_range": [0, 16], "written_header": False}
    with pytest.raises(DataError, match=r"numbers only.*`data.mine.header` to false.*`data.mine.l"):
        outcome(tmp_path, entry(tmp_path, ".csv", images, table, **keys))
    data = entry(tmp_path, ".csv", images, table, header=False, label=0, **keys)
    assert outcome(tmp_path, data)[0] >= 0.9


@pytest.mark.parametrize("separator", [";", "\t", " ", "|"])
@pytest.mark.parametrize("label_last", [False, True])
def test_other_separators_and_the_label_at_the_end(tmp_path, separator, label_last):
    """As the UCI repository has digits: the label comes last, and there is no header."""
    images, labels = digits()

    def table(rows):
        columns = columns_of(images[rows], labels[rows])
        return columns | {"label": columns.pop("label")} if label_last else columns

    keys = {"pixel_range": [0, 16], "written_with": separator, "written_header": not label_last}
    with pytest.raises(DataError, match=r"Set `data.mine.separator` to \""):
        outcome(tmp_path, entry(tmp_path, ".csv", images, table, **keys))
    keys |= {"separator": separator}
    if label_last:
        keys |= {"header": False, "label": 64}
    data = entry(tmp_path, ".csv", images, table, **keys)
    assert outcome(tmp_path, data)[0] >= 0.9


def test_a_column_of_row_numbers_without_a_name(tmp_path):
    """As pandas writes its index."""
    images, labels = digits()
    table = lambda r: {"": np.arange(len(labels[r]))} | columns_of(images[r], labels[r])  # noqa: E731
    keys = {"pixel_range": [0, 16]}
    with pytest.raises(DataError, match=r"65 columns beside 'label'.*\(0 may go to `data.mine.ign"):
        outcome(tmp_path, entry(tmp_path, ".csv", images, table, **keys))
    data = entry(tmp_path, ".csv", images, table, ignore=[0], **keys)
    assert outcome(tmp_path, data)[0] >= 0.9


def test_kaggle_has_no_labels_in_its_test_file(tmp_path):
    images, labels = fashion()
    write_csv(tmp_path / "train.csv", columns_of(images, labels))
    unlabelled = columns_of(images, labels)
    del unlabelled["label"]
    write_csv(tmp_path / "test.csv", unlabelled)
    keys = {"label": "label", "image_shape": [28, 28]}
    data = described(tmp_path, {"train": "train.csv", "test": "test.csv"}, **keys)
    with pytest.raises(DataError, match=r"test.csv: no column 'label', .*has no labels.*`splits`"):
        outcome(tmp_path, data)
    # All splits from the one file that has labels.
    data = described(tmp_path, {"train": "train.csv", "test": "train.csv"}, **keys)
    data["splits"] = {
        "train": {"from": "train", "first": 0, "count": 1100},
        "validation": {"from": "train", "first": 1100, "count": 500},
        "test": {"from": "train", "first": 1600, "count": 100},
    }
    assert outcome(tmp_path, data, learning_rate=0.01)[0] >= 0.75


# --- arrays of objects ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arrays",
    [
        lambda images, labels: {"label": labels, "images": images.astype(object)},
        lambda images, labels: {"label": labels.astype(object), "images": images},
        lambda images, labels: {"label": labels, "images": np.array([*images[:-1], None], object)},
        lambda images, labels: {
            "label": np.array(dict(enumerate(labels)), object),
            "images": images,
        },
    ],
    ids=["pixels", "labels", "ragged", "dictionary"],
)
def test_arrays_of_objects_are_refused_as_what_they_are(tmp_path, arrays):
    images, labels = digits()
    data = entry(tmp_path, ".npz", images, lambda r: arrays(images[r], labels[r]))
    with pytest.raises(DataError, match=r"train.npz: array '\w+' holds Python objects") as caught:
        outcome(tmp_path, data)
    assert "elete" not in str(caught.value)


# --- IDX of other types ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pixels", "labels", "columns"),
    [("u1", "i4", 8), ("i2", "i2", 0), ("f4", "f8", 0), ("i4", "u1", 3)],
)
def test_idx_files_of_other_types_are_read_or_named(tmp_path, pixels, labels, columns):
    images, numbers = digits()
    table = numbers.astype(labels)
    if columns:
        table = np.column_stack([numbers] + [np.arange(ROWS) % 100] * (columns - 1)).astype(labels)
        data = idx_entry(tmp_path, images.astype(pixels), table, pixel_range=[0, 16])
        with pytest.raises(DataError, match=rf"labels: .* {TRAIN} x {columns}.*`data.mine.label`"):
            outcome(tmp_path, data)
    keys = {"label": 0} if columns else {}
    data = idx_entry(tmp_path, images.astype(pixels), table, pixel_range=[0, 16], **keys)
    assert outcome(tmp_path, data)[0] >= 0.9


def test_idx_of_fractions_is_refused_with_file_and_key(tmp_path):
    images, numbers = digits()
    data = idx_entry(tmp_path, (images / 16 * np.pi).astype("f4"), numbers.astype("u1"))
    with pytest.raises(DataError, match=r"train-images.*`data.mine.pixel_range`"):
        outcome(tmp_path, data)


# --- images in one column of Parquet --------------------------------------------------------------


def encoded(image, kind="PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("source", "column", "accuracy"),
    [
        (digits, lambda i: [{"bytes": encoded(one * 15), "path": None} for one in i], 0.9),
        (fashion, lambda i: [{"bytes": encoded(one), "path": "x.png"} for one in i], 0.75),
        (photographs, lambda i: [encoded(one, "JPEG") for one in i], 0.75),
        (fashion, lambda i: i.tolist(), 0.75),
    ],
    ids=["structs", "structs of clothes", "JPEG", "lists"],
)
def test_images_in_a_column_of_parquet_are_read(tmp_path, source, column, accuracy):
    images, labels = source()
    keys = {"channels": 3} if source is photographs else {}
    table = lambda rows: {"image": column(images[rows]), "label": labels[rows]}  # noqa: E731
    data = entry(tmp_path, ".parquet", images, table, **keys)
    classes = sorted(set(labels.tolist()))
    rate = 0.05 if source is digits else 0.01
    assert outcome(tmp_path, data, classes=classes, learning_rate=rate)[0] >= accuracy


# --- labels that are words ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "ending", "words", "declared", "keys"),
    [
        (digits, ".csv", DIGIT_WORDS, False, {"pixel_range": [0, 16]}),
        (fashion, ".npz", CLOTHES, True, {}),
        (photographs, ".npz", ["temple", "flower"], True, {"channels": 3}),
        (digits, ".parquet", DIGIT_WORDS, True, {"pixel_range": [0, 16]}),
    ],
)
def test_words_are_classes_and_keep_their_names(tmp_path, source, ending, words, declared, keys):
    images, labels = source()
    named = np.array(words)[labels]

    def table(rows):
        if ending == ".npz":
            return {"label": named[rows], "images": images[rows]}
        return columns_of(images[rows], named[rows])

    keys |= {"class_names": words} if declared else {}
    data = entry(tmp_path, ending, images, table, **keys)
    task = {"classes": words, "learning_rate": 0.01}
    accuracy, names = outcome(tmp_path, data, **task)
    assert names == words and accuracy >= 0.75
    with pytest.raises((ConfigError, DataError), match=f"mean {words[0]!r}|'{words[0]}'"):
        outcome(tmp_path, data, **task | {"classes": [f"{words[0]}s", *words[1:]]})


# --- numbers that YAML takes for text -------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("learning_rate: 1e-3", r"reads it as text: write 0\.001 or 1\.0e-3"),
        ("learning_rate: [0.1, 5E-4]", r"reads it as text: write 0\.0005 or 5\.0e-4"),
        ("batch_size: 1e2", r"reads it as text: write 100$"),
        ("l2_lambda: [0.001]", r"reads it as float: put it in quotes"),
        ("patience: None", r"must be a whole number; for none of them write null"),
        ("classes: [yes, no]", r"YAML reads yes, no, on and off as true .* in quotes"),
        ("l2_lambda: ['-1']", r"a number in quotes that is not negative"),
    ],
)
def test_a_number_that_yaml_takes_for_text_is_told_how_to_be_written(line, message):
    config = config_of(CONFIG["data"]["mnist"])
    config["tasks"]["mine"] |= yaml.safe_load(line)
    with pytest.raises(ConfigError, match=message) as caught:
        read_config(config)
    assert f"tasks.mine.{line.partition(':')[0]}" in str(caught.value)

"""The config as typed models: what its keys are, and what may stand there.

docs/reference/config.md is generated from this file. What a model cannot see, because it stands in
another part of the config or in a folder, is checked in `pipeline.config`.
"""

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from common.models import ListOrLists, OneOrSeveral, Strict, Values, text, wrong
from regression.models import model_names
from runs.schemas import COMBINATION_KEYS, MEASURED, SETTINGS

#: Larger numbers are slips of the pen.
_LARGEST = 10**9
#: Halves of a character of UTF-16, which "\ud800" gives, can be written nowhere.
_CONTROL = r"\x00-\x08\x0b-\x1f\x7f\ud800-\udfff"
#: Snakemake takes a name that ends in twenty times the same for a rule that feeds itself.
_NAMED = r"(?=.{1,100}\Z)(?!.*?(.+)\1{19}\Z)"

Name = text(
    _NAMED + r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}",
    'at most 100 letters, digits, "_" and "-", the first a letter or digit, and not end in twenty '
    "times the same; it becomes a part of file names",
)
Text = text(rf"[^{_CONTROL}]*", "text without control characters")
FileName = text(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", 'at most 100 letters, digits, ".", "_" and "-"')
TableName = text(
    r"[A-Za-z0-9][A-Za-z0-9._-]{0,92}\.(csv|parquet|npz)",
    'at most 100 letters, digits, ".", "_" and "-" that end in .csv, .parquet or .npz',
)
ShortText = text(rf"[^{_CONTROL}]{{1,100}}", "1 to 100 characters, no control characters")
Separator = text(r"[^\n\r]", "one character")
Sha256 = text("[0-9a-f]{64}", "64 digits from 0-9 and a-f, in quotes if all of them are 0-9")
Mirror = text(
    rf"(https?://|file:|npm:)[^{{}}{_CONTROL}\n]*\{{file\}}[^{{}}{_CONTROL}\n]*",
    "an address that begins with https:, http:, file: or npm: and has {file} in it",
)
Lambda = text(
    _NAMED + r"[0-9]+(\.[0-9]+)?([eE]-?[0-9]+)?",
    'a number in quotes that is not negative, like "0.001" or "1e-3", in at most 100 characters '
    "that do not end in twenty times the same",
)
Reported = text(r"-?[0-9]+(\.[0-9]+)?", 'a number in quotes, like "0.071"')

ModelName = Literal[*model_names()]
Count = Annotated[int, Field(ge=1, le=_LARGEST)]
Index = Annotated[int, Field(ge=0, le=_LARGEST)]


def _number_or_name(value: object) -> str:
    return "name" if isinstance(value, str) else "number"


#: A column, by its name or its position.
Column = Annotated[
    Annotated[Index, Tag("number")] | Annotated[ShortText, Tag("name")],
    Discriminator(_number_or_name),
]
#: A class, by its label or its name.
Label = Annotated[
    Annotated[int, Field(ge=0, le=255), Tag("number")] | Annotated[ShortText, Tag("name")],
    Discriminator(_number_or_name),
]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Classes = Annotated[Values[Label], Field(min_length=2)]
Batches = list[Index]


def _different_lambdas(spellings: list[str]) -> list[str]:
    values: dict[float, str] = {}
    for spelling in spellings:
        value = float(spelling)
        if not value < _LARGEST:
            raise wrong(f"{spelling!r} must be below 1e9")
        if value in values:
            raise wrong(f"{values[value]!r} and {spelling!r} are the same lambda twice")
        values[value] = spelling
    # Ascending, so that the order in which they are written makes nothing differ.
    return [values[value] for value in sorted(values)]


def _shuffle_as_text(value: object) -> object:
    """YAML's false and true as everything else spells them; the one place where this is done."""
    return str(value).lower() if isinstance(value, bool) else value


Shuffle = Annotated[Literal["false", "once", "true"], BeforeValidator(_shuffle_as_text)]


def _rising(ends: list[float]) -> list[float]:
    if not ends[0] < ends[1]:
        raise wrong("the lower end must come first")
    return ends


#: No axis of ours goes beyond this, and matplotlib cannot draw one that does by far.
End = Annotated[float, Field(ge=-_LARGEST, le=_LARGEST)]
Limits = Annotated[list[End], Field(min_length=2, max_length=2), AfterValidator(_rising)]

#: Columns of the metrics that a figure may show and a table may compare.
Metric = Literal[MEASURED]
SortKey = Literal[(*COMBINATION_KEYS, *SETTINGS, *MEASURED)]


class File(Strict):
    """`data.<name>.files.*`: one raw file."""

    name: FileName = Field(description="File name, put into the mirrors' `{file}`.")
    sha256: Sha256 = Field(description="SHA-256 of the raw (decompressed) file.")
    bytes: Annotated[int, Field(ge=1, le=2**31)] = Field(
        2**31, description="Size of the raw file; more than that is not fetched."
    )


class Table(File):
    """`data.<name>.files.*`: one table of images."""

    name: TableName = Field(description="File name, put into the mirrors' `{file}`.")
    images: ShortText = Field(
        None, description="Of `.npz`: the array of the images, if it is not the only other one."
    )
    labels: ShortText = Field(
        None, description="Of `.npz`: the array of the labels, if it is not the one of `label`."
    )


class _Files(Strict):
    """What both kinds of files have in common."""

    @model_validator(mode="after")
    def _one_hash_a_name(self) -> Self:
        hashes: dict[str, str] = {}
        for role, files in self:
            for file in files if isinstance(files, list) else [files]:
                if hashes.setdefault(file.name, file.sha256) != file.sha256:
                    raise wrong(f"{role}: {file.name!r} is named twice with different sha256")
        return self


class IdxFiles(_Files):
    """`data.<name>.files`: of a data set of IDX files."""

    train_images: File = Field(description="Images to train on.")
    train_labels: File = Field(description="Their labels.")
    test_images: File = Field(description="Images to test on.")
    test_labels: File = Field(description="Their labels.")


class Tables(_Files):
    """`data.<name>.files`: of a data set of tables."""

    train: OneOrSeveral[Table] = Field(description="Images and labels to train on.")
    test: OneOrSeveral[Table] = Field(description="Images and labels to test on.")


class Split(Strict):
    """`data.<name>.splits.*`: consecutive rows of a source."""

    source: Literal["train", "test"] = Field(
        alias="from", description="The training or the test files of the data set."
    )
    first: Index = Field(description="First row, counted from 0.")
    count: Count = Field(description="Number of images.")


class Splits(Strict):
    """`data.<name>.splits`: the three splits of a data set, cut from its source files."""

    train: Split = Field(description="What models learn from.")
    validation: Split = Field(description="What decides when to stop.")
    test: Split = Field(description="What no choice is based on.")


class IdxDataset(Strict):
    """`data.<name>`: a data set of four raw IDX files, whence it comes, its splits."""

    files: IdxFiles = Field(description="Four raw IDX files.")
    mirrors: Values[Mirror] = Field(description="Sources in the order in which they are tried.")
    splits: Splits = Field(description="Rows of the source files in each split.")
    pixel_range: Limits = Field(
        [0, 255], description="What black and white are in the files; a model sees -1 and 1."
    )
    class_names: Annotated[Values[ShortText], Field(min_length=2, max_length=256)] = Field(
        None,
        description="Names of the labels 0, 1, ..., if they are numbers; if they are words, all of "
        "them in the order of their numbers (without it that of the alphabet). `classes` of a task "
        "may then name them.",
    )
    label: Index = Field(
        None, description="Where a label is several numbers, as in QMNIST: which one, from 0."
    )
    channels: Literal[1, 3] = Field(1, description="Numbers of a pixel: 3 for red, green and blue.")
    channels_first: bool = Field(
        False, description="Whether an image has all its red values before the green ones."
    )
    transposed: bool = Field(False, description="Whether the files have an image column by column.")


class TableDataset(IdxDataset):
    """`data.<name>`: a data set of two tables (`.csv`, `.parquet`, `.npz`)."""

    files: Tables = Field(description="Tables, one for each part or a list of them.")
    label: Column = Field(
        None,
        description="The column of the labels, by name or by position from 0 (`.npz`: the array); "
        "all others are pixels.",
    )
    image_shape: Annotated[
        list[Annotated[int, Field(ge=1, le=10_000)]], Field(min_length=2, max_length=2)
    ] = Field(description="Rows and columns of the images.")
    header: bool = Field(
        True, description="Whether the first row of a CSV file has the names of its columns."
    )
    separator: Separator = Field(",", description="What stands between two values of a CSV file.")
    ignore: Values[Column] = Field(
        None, description="Columns that are neither label nor pixel, by name or position."
    )


def _kind_of_files(dataset: object) -> str:
    if isinstance(dataset, IdxDataset):  # asked by what writes a model, not by what reads one
        return "tables" if isinstance(dataset, TableDataset) else "idx"
    if not isinstance(dataset, dict):
        return "idx"
    files = dataset.get("files")
    keys = files.keys() if isinstance(files, dict) else set()
    tables, idx = (keys & kind.model_fields.keys() for kind in (Tables, IdxFiles))
    if bool(tables) != bool(idx):
        return "tables" if tables else "idx"
    # Files of both kinds or of none: what else stands there tells which were meant.
    of_tables = TableDataset.model_fields.keys() - IdxDataset.model_fields.keys()
    return "tables" if dataset.keys() & of_tables else "idx"


Dataset = Annotated[
    Annotated[IdxDataset, Tag("idx")] | Annotated[TableDataset, Tag("tables")],
    Discriminator(_kind_of_files),
]


class Task(Strict):
    """`tasks.<name>`: what is trained, and how. A list of values of a setting sweeps over them."""

    dataset: OneOrSeveral[Text] = Field(description="A name under `data`.")
    model: OneOrSeveral[ModelName] = Field(
        description="A file in `workflow/scripts/regression/models/`."
    )
    classes: ListOrLists[Classes] = Field(
        description="Labels to keep, or their names in the data set's `class_names`, in the order "
        "of the class numbers; logistic takes two."
    )
    train_size: OneOrSeveral[Count | None] = Field(
        None,
        description="Examples to train on, the first of these classes in the train split; "
        "null for all.",
    )
    learning_rate: OneOrSeveral[Rate] = Field(description="Step length of gradient descent.")
    batch_size: OneOrSeveral[Count] = Field(description="Examples in a mini-batch.")
    max_epochs: OneOrSeveral[Annotated[int, Field(ge=1, le=100_000)]] = Field(
        description="Epochs after which training ends in any case."
    )
    checks_per_epoch: OneOrSeveral[Count] = Field(
        5, description="Evaluations of the splits in each epoch, evenly spaced."
    )
    patience: OneOrSeveral[Count | None] = Field(
        description="Checks in a row without improvement until training stops; null for never."
    )
    skip_batches: ListOrLists[Batches] = Field(
        [], description="Numbers of the batches in an epoch, from 0, whose update is left out."
    )
    l2_lambda: Annotated[list[Lambda], Field(min_length=1), AfterValidator(_different_lambdas)] = (
        Field(description="Weights of `||W||^2` in the objective, each trained, used as spelt.")
    )
    optimum_l2_lambda: Annotated[list[Lambda], AfterValidator(_different_lambdas)] = Field(
        [], description="Further such weights, whose optimum is found though none is trained."
    )
    shuffle: Values[Shuffle] = Field(
        description="The order of the examples, each trained: false for the file's, true for a new "
        "one in each epoch, once for one random order that is kept."
    )
    seeds: Values[Seed] = Field(
        description="Seeds of the shuffling, each trained. Seed 0 is ours for the single lines of "
        "figures; the report names none."
    )


class Runs(Strict):
    """`figures.<name>.runs, tables.<name>.run`: runs of one task.

    What is not named is not restricted; the settings are named as in the task.
    """

    task: Text = Field(description="A name under `tasks`.")
    l2_lambda: OneOrSeveral[Lambda] = Field(None, description="Spelt as in the task.")
    shuffle: OneOrSeveral[Shuffle] = None
    seed: OneOrSeveral[Seed] = None
    dataset: OneOrSeveral[Text] = None
    model: OneOrSeveral[ModelName] = None
    classes: ListOrLists[Classes] = None
    train_size: OneOrSeveral[Count | None] = None
    learning_rate: OneOrSeveral[Rate] = None
    batch_size: OneOrSeveral[Count] = None
    max_epochs: OneOrSeveral[Count] = None
    checks_per_epoch: OneOrSeveral[Count] = None
    patience: OneOrSeveral[Count | None] = None
    skip_batches: ListOrLists[Batches] = None


class _Figure(Strict):
    """What all figures have."""

    title: Text = Field(description="In the list of figures of Snakemake's report.")
    caption: Text = Field(description="In the typeset report and in Snakemake's.")
    runs: Runs = Field(description="The runs to show.")


class _Plot(_Figure):
    """What all figures with axes have."""

    min_seeds: Count = Field(
        1, description="The figure is drawn only if its runs have so many seeds or more."
    )
    x_limits: Limits = Field(None, description="Ends of the horizontal axis.")
    y_limits: Limits = Field(None, description="Ends of the vertical axis.")


Curves = Values[Literal["train", "validation"]]


class LossFigure(_Plot):
    """`figures.<name> of kind loss`: curves of the loss by step."""

    kind: Literal["loss"] = Field(description="Kind of plot.")
    splits: Curves = Field(description="Curves to draw.")
    window: Count = Field(
        description="Steps in a block of the training loss, which is drawn as mean and deviation."
    )


class AccuracyFigure(_Plot):
    """`figures.<name> of kind accuracy`: curves of the accuracy by step."""

    kind: Literal["accuracy"] = Field(description="Kind of plot.")
    splits: Curves = Field(description="Curves to draw.")


class WeightsFigure(_Figure):
    """`figures.<name> of kind weights`: the weights of one run as images."""

    kind: Literal["weights"] = Field(description="Kind of plot.")


class NormFigure(_Plot):
    """`figures.<name> of kind norm`: the norm of the weights by lambda."""

    kind: Literal["norm"] = Field(description="Kind of plot.")


class MetricFigure(_Plot):
    """`figures.<name> of kind metric`: any column of the metrics by a setting."""

    kind: Literal["metric"] = Field(description="Kind of plot.")
    x: Literal[("l2_lambda", *SETTINGS)] = Field(description="Setting on the horizontal axis.")
    y: Metric = Field(description="Column of the metrics on the vertical axis.")


Figure = Annotated[
    LossFigure | AccuracyFigure | WeightsFigure | NormFigure | MetricFigure,
    Field(discriminator="kind"),
]


class ReportedTable(Strict):
    """`tables.<name>`: numbers of one run beside those that the report prints."""

    caption: Text = Field(description="In the typeset report.")
    run: Runs = Field(description="Exactly one run.")
    reported: Annotated[dict[Metric, Reported], Field(min_length=1)] = Field(
        description="The report's numbers by column of the metrics; their digits decide what is "
        "equal."
    )


class Config(Strict):
    """`config.yaml`: what is computed. A key that is not known is an error."""

    data: Annotated[dict[Name, Dataset], Field(min_length=1)] = Field(
        description="Data sets by name. Only those that a task trains on are fetched."
    )
    tasks: Annotated[dict[Name, Task], Field(min_length=1)] = Field(
        description="Training set-ups by name. A task trains once for each combination of its "
        "values; without shuffling once for all seeds, because a seed then changes nothing."
    )
    seeds_per_job: Count = Field(
        50,
        description="A combination of more seeds is trained in jobs of so many. "
        "Seeds that are trained already stay in the job that they had.",
    )
    sort_by: Values[SortKey] = Field(
        ["task", "validation_accuracy"],
        description="Columns by which `results/sweep.*` is sorted: best first where it is an "
        "accuracy, else from small to large; tasks in the order of this file.",
    )
    figures: dict[Name, Figure] = Field(
        description="Figures by file name, `results/figures/<name>.{png,svg,pdf}`."
    )
    tables: dict[Name, ReportedTable] = Field(
        description="Tables by file name, `results/tables/<name>.{csv,md}`."
    )
    claims: Text | None = Field(description="The file of the claims to judge; null for none.")

    def plain(self) -> dict:
        """The config as plain data: settings of tasks are all there, what else is left out is not.

        `shuffle` is one of the texts "false", "once" and "true".
        """
        tasks = {name: task.model_dump() for name, task in self.tasks.items()}
        filled = {"tasks": tasks, "seeds_per_job": self.seeds_per_job, "sort_by": self.sort_by}
        return self.model_dump(by_alias=True, exclude_unset=True) | filled

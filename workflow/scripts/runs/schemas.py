"""The columns of all tables of runs. Who reads them does not depend on the code that trains."""

import pyarrow as pa

#: What names a combination, and with its seed a run, in the tables over all runs.
COMBINATION_KEYS = ("task", "l2_lambda", "shuffle")
RUN_KEYS = (*COMBINATION_KEYS, "seed")

HISTORY_SCHEMA = pa.schema(
    [
        ("seed", pa.int64()),
        ("step", pa.int64()),
        ("split", pa.string()),
        ("metric", pa.string()),
        ("value", pa.float64()),
    ]
)

#: The columns that `collect` puts before those of a block's history.
COMBINATION_COLUMNS = [
    ("task", pa.string()),
    ("l2_lambda", pa.float64()),
    ("shuffle", pa.string()),
]

HISTORIES_SCHEMA = pa.schema([*COMBINATION_COLUMNS, *HISTORY_SCHEMA])

#: What came of a training: numbers of its weights at the end, none if it diverged.
OUTCOMES = (
    "train_loss",
    "validation_loss",
    "test_loss",
    "train_accuracy",
    "validation_accuracy",
    "test_accuracy",
    "weight_norm",
)

#: Columns of the metrics that a figure may show, a table compare and a claim be about.
MEASURED = ("epochs", "steps", *OUTCOMES)

#: One row a run. Of a run that diverged, `steps` is where, and there is neither loss, accuracy nor
#: norm. `patience` is null where nothing stops a training early.
METRICS_SCHEMA = pa.schema(
    [
        ("task", pa.string()),
        ("model", pa.string()),
        ("l2_lambda", pa.float64()),
        ("shuffle", pa.string()),
        ("seed", pa.int64()),
        ("learning_rate", pa.float64()),
        ("batch_size", pa.int64()),
        ("max_epochs", pa.int64()),
        ("patience", pa.int64()),
        ("epochs", pa.int64()),
        ("steps", pa.int64()),
        ("stopped_early", pa.bool_()),
        ("ended", pa.string()),
        *((name, pa.float64()) for name in OUTCOMES),
        ("dataset", pa.string()),
        ("classes", pa.list_(pa.int64())),
        ("train_size", pa.int64()),
        ("checks_per_epoch", pa.int64()),
        ("skip_batches", pa.list_(pa.int64())),
    ]
)

#: What a run was told, in the order in which it stands in names of sweeps.
SETTINGS = (
    *("dataset", "model", "classes", "train_size", "learning_rate", "batch_size", "max_epochs"),
    *("patience", "checks_per_epoch", "skip_batches"),
)

#: Those of which a single value is a list already.
LISTS = tuple(name for name in SETTINGS if pa.types.is_list(METRICS_SCHEMA.field(name).type))

WEIGHTS_SCHEMA = pa.schema(
    [
        ("seed", pa.int64()),
        ("feature", pa.uint32()),
        ("label", pa.uint8()),
        ("weight", pa.float64()),
    ]
)

#: The weights of a problem's optima; and whole numbers that separate its training images, of which
#: `regression.separation` says what they are.
OPTIMUM_SCHEMA, SEPARATION_SCHEMA = (
    pa.schema([("l2_lambda", pa.float64()), *list(WEIGHTS_SCHEMA)[1:3], ("weight", kind)])
    for kind in (pa.float64(), pa.int64())
)

#: The curves of a history: (split, metric).
CURVES = (
    ("train", "loss"),
    ("validation", "loss"),
    ("validation", "accuracy"),
    ("train", "accuracy"),
)

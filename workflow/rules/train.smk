# Comes in: the splits. Goes out: results/runs/<task>/lambda-<lambda>/shuffle-<>/seed-<seed>/, and
# all of it gathered in results/metrics.parquet and results/history.parquet.


def split_files(wildcards) -> dict[str, str]:
    """The splits of the data set that a task trains on, by name."""
    dataset = TASKS[wildcards.task]["dataset"]
    return {split: f"results/data/{dataset}/{split}.parquet" for split in DATA[dataset]["splits"]}


def setting(name: str):
    """One value of a run's task as a parameter, so that only a change of it reruns the training."""
    return lambda wildcards: TASKS[wildcards.task][name]


rule train:
    input:
        unpack(split_files),
        code=code("train.py"),
    output:
        **{
            Path(
                name
            ).stem: "results/runs/{task}/lambda-{l2_lambda}/shuffle-{shuffle}/seed-{seed}/"
            + name
            for name in RUN_FILE_NAMES
        },
    log:
        "results/logs/train/{task}/lambda-{l2_lambda}/shuffle-{shuffle}/seed-{seed}.log",
    benchmark:
        "results/benchmarks/train/{task}/lambda-{l2_lambda}/shuffle-{shuffle}/seed-{seed}.tsv"
    params:
        model=setting("model"),
        classes=setting("classes"),
        learning_rate=setting("learning_rate"),
        batch_size=setting("batch_size"),
        max_epochs=setting("max_epochs"),
        patience=lambda wildcards: json.dumps(TASKS[wildcards.task]["patience"]),
    message:
        "Training {wildcards.task}, lambda {wildcards.l2_lambda}, shuffle {wildcards.shuffle}, seed {wildcards.seed}"
    shell:
        "{PYTHON:q} {SCRIPTS:q}/train.py"
        " --train {input.train:q} --validation {input.validation:q} --test {input.test:q}"
        " --task {wildcards.task:q} --model {params.model} --classes {params.classes}"
        " --learning-rate {params.learning_rate} --l2-lambda {wildcards.l2_lambda}"
        " --batch-size {params.batch_size} --max-epochs {params.max_epochs}"
        " --patience {params.patience} --shuffle {wildcards.shuffle} --seed {wildcards.seed}"
        " --history {output.history:q} --weights {output.weights:q} --summary {output.summary:q}"
        " > {log:q} 2>&1"


rule collect:
    input:
        runs=[file for file in RUN_FILES if not file.endswith("weights.parquet")],
        code=code("collect.py"),
    output:
        metrics="results/metrics.parquet",
        history="results/history.parquet",
    log:
        "results/logs/collect.log",
    benchmark:
        "results/benchmarks/collect.tsv"
    params:
        # The grid, not the runs: the command line must not grow with the number of jobs.
        grid=json.dumps(grid_of(TASKS)),
    message:
        "Gathering the metrics and histories of all runs"
    shell:
        "{PYTHON:q} {SCRIPTS:q}/collect.py --grid {params.grid:q} --runs results/runs"
        " --metrics {output.metrics:q} --histories {output.history:q} > {log:q} 2>&1"

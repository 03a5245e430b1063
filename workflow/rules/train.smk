# Comes in: the splits. Goes out: results/runs/<task>/lambda-<lambda>/shuffle-<>/seed-<seed>/, and
# all of it gathered in results/metrics.parquet and results/history.parquet.


rule compile_kernels:
    input:
        **code("compile_kernels.py"),
    output:
        KERNELS,
    log:
        "results/logs/compile_kernels.log",
    benchmark:
        "results/benchmarks/compile_kernels.tsv"
    message:
        "Compiling the inner loops of training"
    shell:
        "python {input.script:q} --cache-dir $(dirname {output:q}) --output {output:q}"
        " > {log:q} 2>&1"


rule train:
    input:
        unpack(split_files),
        **code("train.py"),
        # Not as ancient(), which hides what else has changed while the kernels are compiled anew.
        kernels=KERNELS,
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
    # Measured by benchmarks/training.py: one thread, 180 MB, seconds. 350 MB where a job has to
    # compile the kernels itself.
    threads: 1
    resources:
        mem_mb=400,
        runtime=5,
    params:
        dataset=setting("dataset"),
        model=setting("model"),
        classes=setting("classes"),
        train_size=setting_as_json("train_size"),
        learning_rate=setting("learning_rate"),
        batch_size=setting("batch_size"),
        max_epochs=setting("max_epochs"),
        patience=setting_as_json("patience"),
    message:
        "Training {wildcards.task}, lambda {wildcards.l2_lambda}, shuffle {wildcards.shuffle}, seed {wildcards.seed}"
    shell:
        "KERNEL_CACHE_DIR=$(dirname {input.kernels:q}) python {input.script:q}"
        " --train {input.train:q} --validation {input.validation:q} --test {input.test:q}"
        " --task {wildcards.task:q} --dataset {params.dataset:q} --model {params.model}"
        " --classes {params.classes} --train-size {params.train_size}"
        " --learning-rate {params.learning_rate} --l2-lambda {wildcards.l2_lambda}"
        " --batch-size {params.batch_size} --max-epochs {params.max_epochs}"
        " --patience {params.patience} --shuffle {wildcards.shuffle} --seed {wildcards.seed}"
        " --history {output.history:q} --weights {output.weights:q} --summary {output.summary:q}"
        " > {log:q} 2>&1"


rule collect:
    input:
        **code("collect.py"),
        runs=[file for file in RUN_FILES if not file.endswith("weights.parquet")],
    output:
        metrics="results/metrics.parquet",
        history="results/history.parquet",
    log:
        "results/logs/collect.log",
    benchmark:
        "results/benchmarks/collect.tsv"
    params:
        # The grid, not the runs: the command line must not grow with the number of jobs.
        grid=json.dumps(grid_of(CONFIG_TASKS)),
    message:
        "Gathering the metrics and histories of all runs"
    shell:
        "python {input.script:q} --grid {params.grid:q} --runs results/runs"
        " --metrics {output.metrics:q} --histories {output.history:q} > {log:q} 2>&1"

# Comes in: the splits. Goes out: the runs of each block, results/runs/<task>/lambda-<lambda>/
# shuffle-<>/seeds-<first>-<last>/, all of them in results/{metrics,history}.parquet, averages over
# the seeds in results/sweep.{csv,md,parquet}, and what holds of them all in results/integrity.json.


rule train:
    input:
        unpack(split_files),
        unpack(with_model("train.py")),
    output:
        history="results/runs/{task}/lambda-{l2_lambda}/shuffle-{shuffle}/seeds-{first}-{last}/history.parquet",
        weights="results/runs/{task}/lambda-{l2_lambda}/shuffle-{shuffle}/seeds-{first}-{last}/weights.parquet",
        metrics="results/runs/{task}/lambda-{l2_lambda}/shuffle-{shuffle}/seeds-{first}-{last}/metrics.parquet",
        seal="results/seals/train/{task}/lambda-{l2_lambda}/shuffle-{shuffle}/seeds-{first}-{last}.json",
    log:
        "results/logs/train/{task}/lambda-{l2_lambda}/shuffle-{shuffle}/seeds-{first}-{last}.log",
    benchmark:
        "results/benchmarks/train/{task}/lambda-{l2_lambda}/shuffle-{shuffle}/seeds-{first}-{last}.tsv"
    priority: training_priority
    conda:
        "../envs/jobs.yaml"
    threads: training_threads
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        settings=training_settings,
        seeds=seeds_of,
        software=software_with_model("train.py"),
        told=told("train"),
    message:
        "Training {wildcards.task}, lambda {wildcards.l2_lambda}, shuffle {wildcards.shuffle}, seeds {wildcards.first} to {wildcards.last}"
    shell:
        "python -E -s -X utf8 {input.script:q}"
        " --train {input.train:q} --validation {input.validation:q} --test {input.test:q}"
        " --settings {params.settings:q} --seeds {params.seeds} --threads {threads}"
        " --history {output.history:q} --weights {output.weights:q} --metrics {output.metrics:q}"
        " --seal {output.seal:q} {params.told} > {log:q} 2>&1"


rule collect:
    input:
        **code("collect.py"),
        runs=run_files(BLOCKS, "history.parquet", "metrics.parquet"),
    output:
        metrics="results/metrics.parquet",
        history="results/history.parquet",
        seal="results/seals/collect.json",
    log:
        "results/logs/collect.log",
    benchmark:
        "results/benchmarks/collect.tsv"
    conda:
        "../envs/jobs.yaml"
    params:
        runs=[block.folder for block in BLOCKS],
        software=software("collect.py"),
        told=told("collect"),
    message:
        "Gathering the metrics and histories of all runs"
    shell:
        "python -E -s -X utf8 {input.script:q} --root $(dirname {output.metrics:q})/runs --runs {params.runs:q}"
        " --metrics {output.metrics:q} --histories {output.history:q} --seal {output.seal:q} {params.told}"
        " > {log:q} 2>&1"


rule sweep_table:
    input:
        **code("sweep_table.py"),
        metrics="results/metrics.parquet",
        summaries=expand("results/data/{dataset}/summary.json", dataset=DATA),
    output:
        csv=report(
            "results/sweep.csv",
            caption="../report/sweep.rst",
            category="Tables",
            labels={"table": "sweep"},
        ),
        markdown="results/sweep.md",
        parquet="results/sweep.parquet",
        seal="results/seals/sweep_table.json",
    log:
        "results/logs/sweep_table.log",
    benchmark:
        "results/benchmarks/sweep_table.tsv"
    conda:
        "../envs/jobs.yaml"
    params:
        sort_by=config["sort_by"],
        software=software("sweep_table.py"),
        told=told("sweep_table"),
    message:
        "Averaging over the seeds of each combination"
    shell:
        "python -E -s -X utf8 {input.script:q} --metrics {input.metrics:q} --summaries {input.summaries:q}"
        " --sort-by {params.sort_by:q} --csv {output.csv:q} --markdown {output.markdown:q}"
        " --parquet {output.parquet:q} --seal {output.seal:q} {params.told} > {log:q} 2>&1"


rule integrity:
    input:
        **code("integrity.py"),
        metrics="results/metrics.parquet",
        history="results/history.parquet",
        summaries=expand("results/data/{dataset}/summary.json", dataset=DATA),
    output:
        json="results/integrity.json",
        seal="results/seals/integrity.json",
    log:
        "results/logs/integrity.log",
    benchmark:
        "results/benchmarks/integrity.tsv"
    conda:
        "../envs/jobs.yaml"
    params:
        tasks=task_settings(),
        run_count=sum(len(block.seeds) for block in BLOCKS),
        software=software("integrity.py"),
        told=told("integrity"),
    message:
        "Testing the results"
    shell:
        "python -E -s -X utf8 {input.script:q} --metrics {input.metrics:q} --history {input.history:q}"
        " --summaries {input.summaries:q}"
        " --tasks {params.tasks:q} --count {params.run_count} --output {output.json:q}"
        " --seal {output.seal:q} {params.told} > {log:q} 2>&1"

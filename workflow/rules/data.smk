# Comes in: nothing but the config. Goes out: results/data/<dataset>/{train,validation,test}.parquet.


def sha256_of(wildcards) -> str:
    """The hash that decides whether a raw file is the right one."""
    files = DATA[wildcards.dataset]["files"].values()
    return next(file["sha256"] for file in files if file["name"] == wildcards.file)


def raw_files(wildcards) -> dict[str, str]:
    """The raw IDX files of a data set by their role: train_images and so on."""
    files = DATA[wildcards.dataset]["files"]
    return {
        role: f"results/data/{wildcards.dataset}/raw/{file['name']}" for role, file in files.items()
    }


rule download:
    input:
        code=code("download.py"),
    output:
        "results/data/{dataset}/raw/{file}",
    log:
        "results/logs/download/{dataset}/{file}.log",
    benchmark:
        "results/benchmarks/download/{dataset}/{file}.tsv"
    params:
        mirrors=lambda wildcards: DATA[wildcards.dataset]["mirrors"],
        sha256=sha256_of,
    message:
        "Fetching {wildcards.file} of {wildcards.dataset}"
    shell:
        # tee, because a download is the one thing whose progress one wants to see.
        "{PYTHON:q} {SCRIPTS:q}/download.py --mirrors {params.mirrors:q} --sha256 {params.sha256}"
        " --output {output:q} 2>&1 | tee {log:q}"


rule prepare:
    input:
        unpack(raw_files),
        code=code("prepare.py"),
    output:
        "results/data/{dataset}/train.parquet",
        "results/data/{dataset}/validation.parquet",
        "results/data/{dataset}/test.parquet",
    log:
        "results/logs/prepare/{dataset}.log",
    benchmark:
        "results/benchmarks/prepare/{dataset}.tsv"
    params:
        splits=lambda wildcards: json.dumps(DATA[wildcards.dataset]["splits"]),
    message:
        "Cutting {wildcards.dataset} into splits"
    shell:
        "{PYTHON:q} {SCRIPTS:q}/prepare.py"
        " --train-images {input.train_images:q} --train-labels {input.train_labels:q}"
        " --test-images {input.test_images:q} --test-labels {input.test_labels:q}"
        " --splits {params.splits:q} --output {output:q} > {log:q} 2>&1"

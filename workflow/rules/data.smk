# Comes in: nothing but the config. Goes out: results/data/<dataset>/{train,validation,test}.parquet.


rule download:
    input:
        **code("download.py"),
    output:
        "results/data/{dataset}/raw/{file}",
    log:
        "results/logs/download/{dataset}/{file}.log",
    benchmark:
        "results/benchmarks/download/{dataset}/{file}.tsv"
    conda:
        "../envs/jobs.yaml"
    params:
        mirrors=lambda wildcards: DATA[wildcards.dataset]["mirrors"],
        sha256=sha256_of,
    message:
        "Fetching {wildcards.file} of {wildcards.dataset}"
    shell:
        # tee, because a download is the one thing whose progress one wants to see.
        "python -E -s -X utf8 {input.script:q} --mirrors {params.mirrors:q} --sha256 {params.sha256}"
        " --output {output:q} 2>&1 | tee {log:q}"


rule prepare:
    input:
        unpack(raw_files),
        **code("prepare.py"),
    output:
        "results/data/{dataset}/train.parquet",
        "results/data/{dataset}/validation.parquet",
        "results/data/{dataset}/test.parquet",
    log:
        "results/logs/prepare/{dataset}.log",
    benchmark:
        "results/benchmarks/prepare/{dataset}.tsv"
    conda:
        "../envs/jobs.yaml"
    params:
        sha256=raw_hashes,
        table=table_options,
        splits=lambda wildcards: json.dumps(DATA[wildcards.dataset]["splits"]),
        software=software("prepare.py"),
    message:
        "Cutting {wildcards.dataset} into splits"
    shell:
        "python -E -s -X utf8 {input.script:q}"
        " --train {input.train:q} --test {input.test:q} --sha256 {params.sha256}"
        " {params.table:q}"
        " --splits {params.splits:q} --output {output:q} > {log:q} 2>&1"

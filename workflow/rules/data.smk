# Comes in: nothing but the config. Goes out: results/data/<dataset>/{train,validation,test}.parquet,
# and what is in them, results/data/<dataset>/summary.{json,md}.


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
        sha256=lambda wildcards: raw_file(wildcards)["sha256"],
        # Snakemake does not compare what depends on `input`, and should not: the hash decides what
        # comes, so that another mirror must not train everything anew.
        mirrors=lambda wildcards, input: config["data"][wildcards.dataset]["mirrors"],
        bytes=lambda wildcards, input: json.dumps(raw_file(wildcards).get("bytes")),
    message:
        "Fetching {wildcards.file} of {wildcards.dataset}"
    shell:
        # tee, because a download is the one thing whose progress one wants to see. Its errors go to
        # the log alone, which is shown when it fails.
        "> {log:q}; python -E -s -X utf8 {input.script:q} --mirrors {params.mirrors:q} --sha256 {params.sha256}"
        " --bytes {params.bytes} --output {output:q} 2>> {log:q} | tee -a {log:q}"


rule prepare:
    input:
        **code("prepare.py"),
        raw=raw_files,
    output:
        train="results/data/{dataset}/train.parquet",
        validation="results/data/{dataset}/validation.parquet",
        test="results/data/{dataset}/test.parquet",
        seal="results/seals/prepare/{dataset}.json",
    log:
        "results/logs/prepare/{dataset}.log",
    benchmark:
        "results/benchmarks/prepare/{dataset}.tsv"
    conda:
        "../envs/jobs.yaml"
    params:
        dataset=dataset_entry,
        software=software("prepare.py"),
        told=told("prepare"),
    message:
        "Cutting {wildcards.dataset} into splits"
    shell:
        "python -E -s -X utf8 {input.script:q} --name {wildcards.dataset:q} --dataset {params.dataset:q}"
        ' --raw "$(dirname {input.raw[0]:q})" --output {output.train:q} {output.validation:q}'
        " {output.test:q} --seal {output.seal:q} {params.told} > {log:q} 2>&1"


rule summarise_data:
    input:
        **code("summarise_data.py"),
        splits=expand("results/data/{{dataset}}/{split}.parquet", split=SPLITS),
    output:
        json="results/data/{dataset}/summary.json",
        markdown="results/data/{dataset}/summary.md",
        seal="results/seals/summarise_data/{dataset}.json",
    log:
        "results/logs/summarise_data/{dataset}.log",
    benchmark:
        "results/benchmarks/summarise_data/{dataset}.tsv"
    # Trainings do not wait for it, because another task would then train them all again; but it
    # starts first, and a training that it would stop stops by itself.
    priority: 100
    conda:
        "../envs/jobs.yaml"
    params:
        tasks=classes_taken,
        software=software("summarise_data.py"),
        told=told("summarise_data"),
    message:
        "Summarising the splits of {wildcards.dataset}"
    shell:
        "> {log:q}; python -E -s -X utf8 {input.script:q} --name {wildcards.dataset:q}"
        " --splits {input.splits:q} --tasks {params.tasks:q} --json {output.json:q} --markdown {output.markdown:q}"
        " --seal {output.seal:q} {params.told}"
        # tee, because one wants to see what is trained on before it is.
        " 2>> {log:q} | tee -a {log:q}"


for dataset, entry in DATA.items():
    # Not onstart, which is not for a run with nothing to do.
    raw_folder = Path("results", "data", dataset, "raw")
    for words in changed_data(entries_of_files(dataset), entry["mirrors"], raw_folder):
        print(words, file=sys.stderr)

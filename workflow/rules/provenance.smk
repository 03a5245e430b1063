# Comes in: all products, and the seals of the jobs that made them. Goes out: results/manifest.json, to
# which `make verify` and its like hold the results, and results/environment.json.

# All that a whole run makes, rule by rule in the order of the DAG.
PRODUCTS = {
    "prepare": SPLIT_FILES,
    "summarise_data": DATA_SUMMARIES,
    "train": run_files(BLOCKS, *RUN_FILE_NAMES),
    "collect": ["results/metrics.parquet", "results/history.parquet"],
    "sweep_table": expand("results/sweep.{format}", format=["csv", "md", "parquet"]),
    "integrity": ["results/integrity.json"],
    **claim_files(),
    "figure": FIGURE_FILES,
    "table": TABLE_FILES,
    "report_pdf": report_files(),
    "explorer": ["results/explorer.html"],
}

# The jobs of each rule, if it is more than one, with their wildcards: each leaves its seal, see
# common.seal.
JOBS = {
    "prepare": {name: {"dataset": name} for name in DATA},
    "summarise_data": {name: {"dataset": name} for name in DATA},
    "train": {block.folder: block.wildcards for block in BLOCKS},
    "optimum": {name: {"task": name} for name in PROBLEMS},
    "gradients": {name: {"task": name} for name in PROBLEMS},
    "scorecard": {name: {"of": name} for name in SCORECARDS},
    "figure": {name: {"figure": name} for name in FIGURES},
    "table": {name: {"table": name} for name in TABLES},
}
# Each with its job: its rule and its wildcards. Not by the rule's output, which has the prefix of a
# module already.
SEALS = {
    f"results/seals/{place}.json": (rule, SimpleNamespace(**wildcards))
    for rule, products in PRODUCTS.items()
    if products
    for place, wildcards in (
        {f"{rule}/{job}": of_job for job, of_job in JOBS[rule].items()}
        if rule in JOBS
        else {rule: {}}
    ).items()
}

# Whatever of config, code or software is another one makes another manifest.
DEPENDENCIES = describe(PRODUCTS, WRITTEN_CONFIG, CLAIMS, WORKFLOW.parent)
SOFTWARE = {
    package: version
    for rule in DEPENDENCIES.values()
    for package, version in rule["software"].items()
}


rule list_products:
    input:
        **PRODUCTS,
        seals=[*SEALS],
        template=source(WORKFLOW / "report" / "products.txt"),
    output:
        "results/products.txt",
    log:
        "results/logs/list_products.log",
    params:
        told=lambda wildcards: told_to_jobs(),
    message:
        "Listing all products in results/products.txt"
    # In a file, because a command line must not grow with the number of products.
    template_engine:
        "jinja2"


rule manifest:
    input:
        **code("manifest.py"),
        list=rules.list_products.output,
        products=list(chain(*PRODUCTS.values())),
        seals=[*SEALS],
        lock=source(LOCK),
    output:
        manifest="results/manifest.json",
        environment="results/environment.json",
    log:
        "results/logs/manifest.log",
    benchmark:
        "results/benchmarks/manifest.tsv"
    conda:
        "../envs/jobs.yaml"
    params:
        rules=json.dumps(DEPENDENCIES),
        config=json.dumps(digests(WRITTEN_CONFIG, WRITTEN_CONFIG)),
        # The list may have been changed by hand, or be of another config.
        listed=lambda wildcards: digest_of_list(listing(), "results"),
        version=project()["version"],
        software=software("manifest.py"),
    message:
        "Describing all products in results/manifest.json"
    shell:
        "python -E -s -X utf8 {input.script:q} --products {input.list:q}"
        " --listed {params.listed} --rules {params.rules:q} --config {params.config:q}"
        " --version {params.version:q} --lock {input.lock:q} --manifest {output.manifest:q}"
        " --environment {output.environment:q} > {log:q} 2>&1"

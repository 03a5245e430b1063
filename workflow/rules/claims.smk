# Comes in: the runs and their tables, the splits, the claims file. Goes out: results/optimum/<task>/,
# results/gradients/<task>.json, results/equations.json, results/identifiability.{csv,json}, and the
# verdicts in results/claims.{parquet,json,md}.


rule optimum:
    input:
        unpack(split_files),
        unpack(with_model("optimum.py")),
    output:
        optima="results/optimum/{task}/optima.json",
        weights="results/optimum/{task}/weights.parquet",
        separation="results/optimum/{task}/separation.parquet",
        seal="results/seals/optimum/{task}.json",
    log:
        "results/logs/optimum/{task}.log",
    benchmark:
        "results/benchmarks/optimum/{task}.tsv"
    # Long, on one core, and waited for by the verdicts alone: beside each other from the start.
    priority: 50
    conda:
        "../envs/jobs.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        model=setting("model"),
        classes=setting("classes"),
        train_size=setting_as_json("train_size"),
        l2_lambdas=lambda wildcards: PROBLEMS[wildcards.task],
        software=software_with_model("optimum.py"),
        told=told("optimum"),
    message:
        "Finding the optima of {wildcards.task}, lambda {params.l2_lambdas}"
    shell:
        "python -E -s -X utf8 {input.script:q}"
        " --train {input.train:q} --validation {input.validation:q} --test {input.test:q}"
        " --task {wildcards.task:q} --model {params.model} --classes {params.classes}"
        " --train-size {params.train_size} --l2-lambdas {params.l2_lambdas}"
        " --optima {output.optima:q} --weights {output.weights:q}"
        " --separation {output.separation:q} --seal {output.seal:q} {params.told} > {log:q} 2>&1"


rule gradients:
    input:
        unpack(split_files),
        unpack(with_model("gradients.py")),
    output:
        json="results/gradients/{task}.json",
        seal="results/seals/gradients/{task}.json",
    log:
        "results/logs/gradients/{task}.log",
    benchmark:
        "results/benchmarks/gradients/{task}.tsv"
    conda:
        "../envs/jobs.yaml"
    params:
        model=setting("model"),
        classes=setting("classes"),
        l2_lambdas=lambda wildcards: PROBLEMS[wildcards.task],
        software=software_with_model("gradients.py"),
        told=told("gradients"),
    message:
        "Holding the gradients of {wildcards.task} against finite differences"
    shell:
        "python -E -s -X utf8 {input.script:q}"
        " --train {input.train:q} --task {wildcards.task:q}"
        " --model {params.model} --classes {params.classes} --l2-lambdas {params.l2_lambdas}"
        " --output {output.json:q} --seal {output.seal:q} {params.told} > {log:q} 2>&1"


rule equations:
    input:
        **code("equations.py"),
    output:
        json="results/equations.json",
        seal="results/seals/equations.json",
    log:
        "results/logs/equations.log",
    benchmark:
        "results/benchmarks/equations.tsv"
    conda:
        "../envs/jobs.yaml"
    params:
        software=software("equations.py"),
        told=told("equations"),
    message:
        "Proving or refuting the report's equations"
    shell:
        "python -E -s -X utf8 {input.script:q} --output {output.json:q} --seal {output.seal:q} {params.told}"
        " > {log:q} 2>&1"


rule identifiability:
    input:
        **code("identifiability.py"),
        train=lambda wildcards: f"results/data/{varied_task()['dataset']}/train.parquet",
        validation=lambda wildcards: f"results/data/{varied_task()['dataset']}/validation.parquet",
    output:
        csv="results/identifiability.csv",
        json="results/identifiability.json",
        seal="results/seals/identifiability.json",
    log:
        "results/logs/identifiability.log",
    benchmark:
        "results/benchmarks/identifiability.tsv"
    priority: 50
    conda:
        "../envs/jobs.yaml"
    params:
        protocol=lambda wildcards: json.dumps(varied_settings()),
        reported=lambda wildcards: json.dumps(TABLES[SHOWN["table"]]["reported"]),
        software=software("identifiability.py"),
        told=told("identifiability"),
    message:
        "Varying each inferred choice behind the table"
    shell:
        "python -E -s -X utf8 {input.script:q} --train {input.train:q} --validation {input.validation:q}"
        " --protocol {params.protocol:q} --reported {params.reported:q}"
        " --csv {output.csv:q} --json {output.json:q} --seal {output.seal:q} {params.told} > {log:q} 2>&1"


rule claims:
    input:
        **code("claims.py"),
        claims=claims_file,
        models=code_of_models(),
        integrity="results/integrity.json",
        metrics="results/metrics.parquet",
        history="results/history.parquet",
        runs=run_files(BLOCKS, *RUN_FILE_NAMES),
        splits=SPLIT_FILES,
        equations="results/equations.json",
        optimum=optimum_files(),
        gradients=gradient_files(),
        variations=[file for file in identifiability_files() if file.endswith(".json")],
    output:
        table="results/claims.parquet",
        json="results/claims.json",
        markdown="results/claims.md",
        seal="results/seals/claims.json",
    log:
        "results/logs/claims.log",
    benchmark:
        "results/benchmarks/claims.tsv"
    conda:
        "../envs/jobs.yaml"
    threads: 4
    resources:
        mem_mb=growing(4000),
    params:
        tasks=task_settings(),
        runs=[block.folder for block in BLOCKS],
        software=software("claims.py"),
        told=told("claims"),
    message:
        "Judging the report's statements"
    shell:
        "python -E -s -X utf8 {input.script:q} --claims {input.claims:q} --equations {input.equations:q}"
        " --variations {input.variations:q}"
        " --tasks {params.tasks:q} --runs {params.runs:q} --threads {threads}"
        " --results $(dirname {output.table:q}) --table {output.table:q}"
        " --json {output.json:q} --markdown {output.markdown:q} --seal {output.seal:q} {params.told}"
        " > {log:q} 2>&1"

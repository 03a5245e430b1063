# Comes in: the runs, and the verdicts on the claims. Goes out: results/figures/, results/tables/,
# results/scorecard/ and the typeset results/report.pdf; of all runs and verdicts results/explorer.html,
# one page without a network.


rule figure:
    input:
        **code("figure.py"),
        runs=lambda wildcards: run_files(
            blocks_shown(FIGURES[wildcards.figure]["runs"]), *RUN_FILE_NAMES
        ),
    output:
        png=report(
            "results/figures/{figure}.png",
            caption="../report/figure.rst",
            category="Figures",
            labels=figure_labels,
        ),
        svg="results/figures/{figure}.svg",
        pdf="results/figures/{figure}.pdf",
        seal="results/seals/figure/{figure}.json",
    log:
        "results/logs/figure/{figure}.log",
    benchmark:
        "results/benchmarks/figure/{figure}.tsv"
    conda:
        "../envs/jobs.yaml"
    params:
        figure=figure_params,
        runs=lambda wildcards: [
            block.folder for block in blocks_shown(FIGURES[wildcards.figure]["runs"])
        ],
        software=software("figure.py"),
        told=told("figure"),
    message:
        "Drawing {wildcards.figure}"
    shell:
        "python -E -s -X utf8 {input.script:q} --figure {params.figure:q} --runs {params.runs:q}"
        " --results $(dirname $(dirname {output.png:q}))"
        " --output {output.png:q} {output.svg:q} {output.pdf:q} --seal {output.seal:q} {params.told} > {log:q} 2>&1"


rule table:
    input:
        **code("table.py"),
        metrics=lambda wildcards: run_files(
            blocks_shown(TABLES[wildcards.table]["run"]), "metrics.parquet"
        ),
    output:
        csv=report(
            "results/tables/{table}.csv",
            caption="../report/table.rst",
            category="Tables",
            labels=lambda wildcards: {"table": wildcards.table},
        ),
        markdown="results/tables/{table}.md",
        seal="results/seals/table/{table}.json",
    log:
        "results/logs/table/{table}.log",
    benchmark:
        "results/benchmarks/table/{table}.tsv"
    conda:
        "../envs/jobs.yaml"
    params:
        table=lambda wildcards: json.dumps(
            {key: TABLES[wildcards.table][key] for key in ("run", "reported")}
        ),
        runs=lambda wildcards: [
            block.folder for block in blocks_shown(TABLES[wildcards.table]["run"])
        ],
        software=software("table.py"),
        told=told("table"),
    message:
        "Comparing {wildcards.table} with the report"
    shell:
        "python -E -s -X utf8 {input.script:q} --table {params.table:q} --runs {params.runs:q}"
        " --results $(dirname $(dirname {output.csv:q}))"
        " --csv {output.csv:q} --markdown {output.markdown:q} --seal {output.seal:q} {params.told}"
        " > {log:q} 2>&1"


rule scorecard:
    input:
        **code("scorecard.py"),
        claims="results/claims.json",
    output:
        png=report(
            "results/scorecard/{of}.png",
            caption="../report/scorecard.rst",
            category="Verdicts",
            labels=scorecard_labels,
        ),
        svg="results/scorecard/{of}.svg",
        pdf="results/scorecard/{of}.pdf",
        seal="results/seals/scorecard/{of}.json",
    log:
        "results/logs/scorecard/{of}.log",
    benchmark:
        "results/benchmarks/scorecard/{of}.tsv"
    conda:
        "../envs/jobs.yaml"
    params:
        software=software("scorecard.py"),
        told=told("scorecard"),
    message:
        "Drawing all {wildcards.of} with their verdicts in one picture"
    shell:
        "python -E -s -X utf8 {input.script:q} --claims {input.claims:q} --of {wildcards.of:q}"
        " --output {output.png:q} {output.svg:q} {output.pdf:q} --seal {output.seal:q} {params.told} > {log:q} 2>&1"


rule report_pdf:
    input:
        **code("report_pdf.py"),
        template=source(WORKFLOW / "report" / "report.typ"),
        project=source(WORKFLOW.parent / "pyproject.toml"),
        summary=f"results/data/{SHOWN['dataset']}/summary.json",
        metrics="results/metrics.parquet",
        claims="results/claims.json",
        integrity="results/integrity.json",
        table=f"results/tables/{SHOWN['table']}.csv",
        optimum=[file for file in optimum_files() if file.endswith(".json")],
        variations=[file for file in identifiability_files() if file.endswith(".json")],
        scorecard="results/scorecard/statements.svg",
        figures=expand("results/figures/{figure}.svg", figure=FIGURES),
    output:
        pdf=report(
            "results/report.pdf",
            caption="../report/report.rst",
            category="Verdicts",
            labels={"on": "all, with every measurement", "as": "paper"},
        ),
        seal="results/seals/report_pdf.json",
    log:
        "results/logs/report_pdf.log",
    benchmark:
        "results/benchmarks/report_pdf.tsv"
    conda:
        "../envs/jobs.yaml"
    params:
        config=report_config(),
        software=software("report_pdf.py"),
        told=told("report_pdf"),
    message:
        "Typesetting the report"
    shell:
        "python -E -s -X utf8 {input.script:q} --template {input.template:q} --project {input.project:q}"
        " --config {params.config:q} --summary {input.summary:q} --metrics {input.metrics:q}"
        " --claims {input.claims:q}"
        " --integrity {input.integrity:q} --table {input.table:q} --optimum {input.optimum:q}"
        " --variations {input.variations:q} --scorecards $(dirname {input.scorecard:q})"
        " --figures $(dirname {input.figures[0]:q}) --output {output.pdf:q} --seal {output.seal:q} {params.told}"
        " > {log:q} 2>&1"


rule explorer:
    input:
        **code("explorer.py"),
        models=code_of_models(),
        template=source(WORKFLOW / "report" / "explorer.html"),
        javascript=source(WORKFLOW / "report" / "explorer.js"),
        claims="results/claims.json" if CLAIMS else [],
        runs=run_files(BLOCKS, *RUN_FILE_NAMES),
        splits=SPLIT_FILES,
        summaries=expand("results/data/{dataset}/summary.json", dataset=DATA),
    output:
        html=report(
            "results/explorer.html",
            caption="../report/explorer.rst",
            category="Explorer",
        ),
        seal="results/seals/explorer.json",
    log:
        "results/logs/explorer.log",
    benchmark:
        "results/benchmarks/explorer.tsv"
    conda:
        "../envs/jobs.yaml"
    params:
        runs=[block.folder for block in BLOCKS],
        software=software("explorer.py"),
        told=told("explorer"),
    message:
        "Putting all runs into a page to look around in"
    shell:
        "python -E -s -X utf8 {input.script:q} --runs {params.runs:q} --results $(dirname {output.html:q})"
        " --claims {input.claims:q} --summaries {input.summaries:q} --template {input.template:q}"
        " --script {input.javascript:q}"
        " --output {output.html:q} --seal {output.seal:q} {params.told} > {log:q} 2>&1"

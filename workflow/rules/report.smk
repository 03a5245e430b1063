# Comes in: the runs. Goes out: results/figures/ and results/tables/.


def figure_params(wildcards) -> str:
    """What a figure looks like, as JSON. The caption is not in it: it stands in the report."""
    return json.dumps({key: v for key, v in FIGURES[wildcards.figure].items() if key != "caption"})


def figure_labels(wildcards) -> dict[str, str]:
    """How the figure is listed in Snakemake's report."""
    figure = FIGURES[wildcards.figure]
    return {"figure": wildcards.figure, "shows": figure["title"]}


rule figure:
    input:
        runs=lambda wildcards: run_files(FIGURES[wildcards.figure]["runs"], *RUN_FILE_NAMES),
        code=code("figure.py"),
    output:
        png=report(
            "results/figures/{figure}.png",
            caption="../report/figure.rst",
            category="Figures",
            labels=figure_labels,
        ),
        svg="results/figures/{figure}.svg",
        pdf="results/figures/{figure}.pdf",
    log:
        "results/logs/figure/{figure}.log",
    benchmark:
        "results/benchmarks/figure/{figure}.tsv"
    params:
        figure=figure_params,
        grid=lambda wildcards: json.dumps(
            grid_of({(task := FIGURES[wildcards.figure]["runs"]["task"]): TASKS[task]})
        ),
    message:
        "Drawing {wildcards.figure}"
    shell:
        "{PYTHON:q} {SCRIPTS:q}/figure.py --figure {params.figure:q} --grid {params.grid:q}"
        " --runs results/runs --output {output:q} > {log:q} 2>&1"


rule table:
    input:
        summary=lambda wildcards: run_files(TABLES[wildcards.table]["run"], "summary.json"),
        code=code("table.py"),
    output:
        csv=report(
            "results/tables/{table}.csv",
            caption="../report/table.rst",
            category="Tables",
            labels=lambda wildcards: {"table": wildcards.table},
        ),
        markdown="results/tables/{table}.md",
    log:
        "results/logs/table/{table}.log",
    benchmark:
        "results/benchmarks/table/{table}.tsv"
    params:
        reported=lambda wildcards: json.dumps(TABLES[wildcards.table]["reported"]),
    message:
        "Comparing {wildcards.table} with the report"
    shell:
        "{PYTHON:q} {SCRIPTS:q}/table.py --summary {input.summary:q} --reported {params.reported:q}"
        " --csv {output.csv:q} --markdown {output.markdown:q} > {log:q} 2>&1"

# Comes in: the runs. Goes out: results/figures/ and results/tables/.


rule figure:
    input:
        **code("figure.py"),
        runs=lambda wildcards: run_files(FIGURES[wildcards.figure]["runs"], *RUN_FILE_NAMES),
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
        "python {input.script:q} --figure {params.figure:q} --grid {params.grid:q}"
        " --runs results/runs --output {output:q} > {log:q} 2>&1"


rule table:
    input:
        **code("table.py"),
        summary=lambda wildcards: run_files(TABLES[wildcards.table]["run"], "summary.json"),
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
        "python {input.script:q} --summary {input.summary:q} --reported {params.reported:q}"
        " --csv {output.csv:q} --markdown {output.markdown:q} > {log:q} 2>&1"

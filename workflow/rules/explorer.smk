# Comes in: the runs, and the validation splits that they are asked about. Goes out:
# results/explorer.html, one page without a network, in which all runs can be looked at.


rule explorer:
    input:
        **code("explorer.py"),
        template=os.path.relpath(WORKFLOW / "report" / "explorer.html"),
        runs=explorer_run_files(),
        splits=explorer_splits(),
    output:
        report(
            "results/explorer.html",
            caption="../report/explorer.rst",
            category="Explorer",
        ),
    log:
        "results/logs/explorer.log",
    benchmark:
        "results/benchmarks/explorer.tsv"
    params:
        tasks=json.dumps(tasks_with("dataset", "model", "classes")),
    message:
        "Putting all runs into a page to look around in"
    shell:
        "python {input.script:q} --tasks {params.tasks:q} --runs results/runs --data results/data"
        " --template {input.template:q} --output {output:q} > {log:q} 2>&1"

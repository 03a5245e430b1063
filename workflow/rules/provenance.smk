# Comes in: all products. Goes out: results/manifest.json, which `make verify` compares with
# tests/expected/, and results/environment.json.


rule list_products:
    input:
        template=source(WORKFLOW / "report" / "products.txt"),
        products=rules.products.input,
    output:
        "results/products.txt",
    log:
        "results/logs/list_products.log",
    message:
        "Listing all products in results/products.txt"
    # In a file, because a command line must not grow with the number of products.
    template_engine:
        "jinja2"


rule manifest:
    input:
        **code("manifest.py"),
        list=rules.list_products.output,
        products=rules.products.input,
        # Any edit of the code renews the hashes of the code, even if all products stay the same.
        sources=[source(path) for path in sorted(SCRIPTS.rglob("*.py"))],
    output:
        manifest="results/manifest.json",
        environment="results/environment.json",
    log:
        "results/logs/manifest.log",
    benchmark:
        "results/benchmarks/manifest.tsv"
    message:
        "Describing all products in results/manifest.json"
    shell:
        "python {input.script:q} --products {input.list:q} --records .snakemake/metadata"
        " --manifest {output.manifest:q} --environment {output.environment:q} > {log:q} 2>&1"

# Comes in: all products. Goes out: results/manifest.json, which `make verify` compares with
# tests/expected/, and results/environment.json.


rule manifest:
    input:
        **code("manifest.py"),
        products=rules.products.input,
        # Any edit of the code renews the hashes of the code, even if all products stay the same.
        sources=ALL_SCRIPTS,
    output:
        manifest="results/manifest.json",
        environment="results/environment.json",
    log:
        "results/logs/manifest.log",
    benchmark:
        "results/benchmarks/manifest.tsv"
    message:
        "Describing all products in results/manifest.json"
    script:
        "../scripts/manifest.py"

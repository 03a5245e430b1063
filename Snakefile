from snakemake.utils import min_version

min_version("9.17")


include: "workflow/rules/config.smk"


# config.yaml of the folder that one works in, or else the report's.
configfile: CONFIG_FILE


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/provenance.smk"


report: "workflow/report/workflow.rst"


onstart:
    record_owner()
    if unlike := unlike_the_lock(SOFTWARE, LOCK):
        print(
            f"Not as requirements.txt locks: {', '.join(unlike)}. Results may differ in their bits."
        )


onsuccess:
    # `make reproduce` says so itself, also after a run with nothing to do.
    if "SUMMARY_FOLLOWS" not in os.environ:
        made = {Path(product) for product in chain(SEALS, *PRODUCTS.values())}
        for words in (doubts_in_words(made), left_over_in_words(Path("results"), made)):
            if words:
                print(words)


onerror:
    if space_left():
        print(space_left())
    if not workflow.local_exec:
        # Snakemake does not pass on what the cluster says when it refuses a job.
        print(
            "Jobs that failed at once and without a log were refused by the cluster: account and "
            "partition may be missing or wrong. docs/cluster.md, step 4, shows its answer."
        )


# On a cluster only trainings and optima are sent to the nodes; the others are too short to be worth
# the wait.
localrules:
    all,
    runs,
    products,
    download,
    prepare,
    summarise_data,
    collect,
    sweep_table,
    integrity,
    gradients,
    equations,
    identifiability,
    claims,
    figure,
    table,
    scorecard,
    report_pdf,
    explorer,
    list_products,
    manifest,


rule runs:
    input:
        # The products in between stand here too. With the last ones alone, a failed rerun would
        # leave those of the run before, and the next one would find nothing to do.
        SPLIT_FILES,
        DATA_SUMMARIES,
        run_files(BLOCKS, *RUN_FILE_NAMES),
        "results/metrics.parquet",
        "results/history.parquet",
        "results/integrity.json",
    message:
        "All trainings are up to date in results/runs/"


rule products:
    input:
        **PRODUCTS,
        seals=[*SEALS],
    message:
        "All products are up to date in results/"


rule all:
    default_target: True
    input:
        **PRODUCTS,
        seals=[*SEALS],
        manifest=rules.manifest.output,
    message:
        "Everything is up to date in results/"

"""What a change of the rules or of one profile must not leave behind in the other."""

import re

import yaml


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_slurm_profile_keeps_what_the_default_one_sets(repository):
    # Only one workflow profile is loaded at a time.
    profiles = repository / "profiles"
    default, slurm = (read(profiles / name / "config.yaml") for name in ("default", "slurm"))
    assert default.items() <= slurm.items()


def test_only_what_computes_for_long_is_sent_to_a_cluster(repository):
    workflow = repository / "workflow"
    snakefile = (repository / "Snakefile").read_text(encoding="utf-8")
    files = [
        snakefile,
        *(path.read_text(encoding="utf-8") for path in workflow.glob("rules/*.smk")),
    ]
    rules = {name for text in files for name in re.findall(r"^rule (\w+):", text, re.MULTILINE)}
    local = re.search(r"^localrules:\n((?:    \w+,\n)+)", snakefile, re.MULTILINE)
    assert rules - set(re.findall(r"\w+", local[1])) == {"train", "optimum"}

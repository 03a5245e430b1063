"""The static walk over imports that tells rules which code and packages they depend on."""

import subprocess
import sys
from importlib import metadata

import pytest

from pipeline.imports import code_of, software_of
from pipeline.rules import MODELS, RULES, code_behind


def names(script, repository):
    scripts = repository / "workflow" / "scripts"
    return {str(path.relative_to(scripts)) for path in code_of(scripts / script, scripts)}


def software(script, repository):
    scripts = repository / "workflow" / "scripts"
    return software_of(code_behind(script, scripts), scripts)


def test_training_depends_on_the_loop_but_not_on_the_plots(repository):
    files = names("train.py", repository)
    assert {"train.py", "regression/training.py", "regression/settings.py"} <= files
    assert "plots/figures.py" not in files


def test_figures_depend_on_the_plots_but_not_on_the_judging(repository):
    files = names("figure.py", repository)
    assert "plots/figures.py" in files
    assert "judging/claims.py" not in files


def test_all_forms_of_import_are_followed_and_cycles_end(tmp_path):
    (tmp_path / "package").mkdir()
    sources = {
        "script.py": "import package.a\nfrom package import b\nimport json",
        "package/__init__.py": "",
        "package/a.py": "def f():\n    from package.c import g",
        "package/b.py": "import package.a as name",
        "package/c.py": "import package.b",
        "package/unused.py": "",
    }
    for name, text in sources.items():
        (tmp_path / name).write_text(text)
    found = {str(path.relative_to(tmp_path)) for path in code_of(tmp_path / "script.py", tmp_path)}
    assert found == set(sources) - {"package/unused.py"}


def test_a_rule_depends_on_the_packages_that_its_modules_import(repository):
    training, figures = software("train.py", repository), software("figure.py", repository)
    assert training["numba"] == metadata.version("numba") and "matplotlib" not in training
    assert figures["matplotlib"] == metadata.version("matplotlib") and "numba" not in figures
    assert "json" not in training and "runs" not in training


def test_every_imported_package_is_found_by_the_name_of_its_distribution(repository):
    known = {
        name.lower().replace("_", "-")
        for distributions in metadata.packages_distributions().values()
        for name in distributions
    }
    for rule in RULES:
        for name, version in software(f"{rule}.py", repository).items():
            assert name.lower().replace("_", "-") in known and version != "not installed", name


def test_models_count_although_they_are_imported_by_name(repository):
    scripts = repository / "workflow" / "scripts"
    assert scripts / MODELS / "softmax.py" in code_behind("train.py", scripts)
    assert scripts / MODELS / "softmax.py" not in code_behind("collect.py", scripts)


def test_packages_of_pythonpath_are_not_those_of_a_job(tmp_path, repository):
    """The plan of a run must not follow what its isolated jobs ignore."""
    fake = tmp_path / "numpy-0.1.dist-info"
    fake.mkdir()
    (fake / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 0.1\n")
    code = "from pipeline.imports import version_of; print(version_of('numpy'))"
    scripts = str(repository / "workflow" / "scripts")
    process = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {scripts!r}); {code}"],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout.strip() == metadata.version("numpy")


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_of_products_has_its_script_and_its_file(rule, repository):
    assert (repository / "workflow" / "scripts" / f"{rule}.py").is_file()
    text = (repository / "workflow" / "rules" / f"{RULES[rule].stage}.smk").read_text()
    assert f"rule {rule}:" in text

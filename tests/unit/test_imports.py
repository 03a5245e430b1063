"""The static walk over imports that tells rules which code they depend on."""

from pipeline.imports import code_of


def names(script, repository):
    scripts = repository / "workflow" / "scripts"
    return {str(path.relative_to(scripts)) for path in code_of(scripts / script, scripts)}


def test_training_depends_on_the_loop_but_not_on_the_plots(repository):
    files = names("train.py", repository)
    assert {"train.py", "regression/training.py", "regression/settings.py"} <= files
    assert "plots/figures.py" not in files


def test_figures_depend_on_the_plots_but_not_on_the_loop(repository):
    files = names("figure.py", repository)
    assert "plots/figures.py" in files
    assert "regression/training.py" not in files


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

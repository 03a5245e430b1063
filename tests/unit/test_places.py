"""A key that stands twice in the config is refused, not silently overridden."""

import pytest

from common.places import YamlError, lines_of, read_yaml
from pipeline.config import ConfigError, check_files


def refused(tmp_path, text: str) -> str:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        check_files([path])
    return str(caught.value)


def test_every_duplicate_is_named_with_its_lines(tmp_path):
    message = refused(tmp_path, "a: 1\nb:\n  - {c: 1, c: 2}\na: 3\n")
    assert "the config has 2 error(s)" in message
    assert "config.yaml: a stands in line 1 and again in line 4" in message


def test_two_keys_of_one_line_are_found(tmp_path):
    assert "b.0.c stands twice in line 2" in refused(tmp_path, "b:\n  - {c: 1, c: 2}\n")


def test_what_a_merge_brings_may_be_overridden(tmp_path, repository):
    path = tmp_path / "config.yaml"
    path.write_text("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  x: 3\n")
    check_files([path, repository / "config.yaml", repository / "tests/config.tiny.yaml"])


def test_what_an_anchor_names_has_its_own_place_and_not_that_of_an_alias(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("a: &a\n  x: {y: 1}\nb:\n  <<: *a\nc: *a\n")
    assert lines_of(path)["a.x.y"] == [2]


def test_numbers_that_yaml_reads_otherwise_are_refused(tmp_path):
    message = refused(tmp_path, 'a: 020\nb: [1:00, 0, 10, -5, 0x10]\nc: "010"\nd: 0.5\n')
    assert "the config has 2 error(s)" in message
    assert "line 1: found 020, which YAML reads as 16" in message
    assert "line 2: found 1:00, which YAML reads as 60" in message


def test_an_empty_file_has_no_duplicates(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("")
    check_files([path])


@pytest.mark.parametrize(
    "value",
    ["2020-13-45", "!!int abc", "!!bool ''", "!!timestamp abc", "9" * 5000, "0x" + "f" * 5000],
)
def test_a_value_that_is_not_what_it_promises_is_named_with_its_line(tmp_path, value):
    path = tmp_path / "config.yaml"
    path.write_text(f"a: 1\nb: {value}\n")
    with pytest.raises(YamlError, match=r"line 2, column 4: found .*, which is no (time|int|bool)"):
        read_yaml(path)
    refused(tmp_path, path.read_text())


@pytest.mark.parametrize("value", [r'"\UFFFFFFFF"', r'"\U00110000"'])
def test_an_escape_of_no_character_is_no_yaml(tmp_path, value):
    assert r"is not YAML: \U in double quotes" in refused(tmp_path, f"a: {value}\n")


def test_what_is_not_yaml_is_named_with_its_line(tmp_path):
    message = refused(tmp_path, "a: 1\nb: [1, 2\nc: 3\n")
    assert "config.yaml is not YAML: line 3, column 2: expected ',' or ']'" in message
    assert "config.yaml is not YAML: line 2, column 1: found character '\\t'" in refused(
        tmp_path, "a:\n\tb: 1\n"
    )

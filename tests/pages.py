"""The pages of docs/ as users follow them: commands are run, edits of config.yaml are made."""

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import yaml
from checkout import REPOSITORY, Checkout

#: A fenced block: ```language and what follows it, up to the closing fence.
_BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FASHION = Path("/usr/share/datasets/fashion-mnist")


class Block(NamedTuple):
    """A fenced block of a page: its language, the rest of that line, and its text."""

    language: str
    title: str
    text: str
    section: str


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, with the heading under which they stand."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    found = []
    for match in _BLOCK.finditer(text):
        headings = re.findall(r"^#+ (.*)$", _BLOCK.sub("", text[: match.start()]), re.MULTILINE)
        found.append(Block(match[1], match[2].strip(), match[3], headings[-1]))
    return found


def pages() -> list[str]:
    """The pages at the top and all of docs/, by their paths."""
    found = [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").rglob("*.md"))]
    return [path.relative_to(REPOSITORY).as_posix() for path in found]


def dead_links(page: str) -> list[str]:
    """The links of a page to files, or to headings in them, that are not there."""
    path = REPOSITORY / page
    dead = []
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", path.read_text(encoding="utf-8")):
        file, _, heading = link.partition("#")
        target = path.parent / file if file else path
        if not target.is_file() or (heading and heading not in anchors(target)):
            dead.append(link)
    return dead


def anchors(page: Path) -> set[str]:
    """What links call the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class Reader:
    """Somebody who follows a page in a checkout, with the data and the epochs of the tests.

    The edits of a page are made to the real config.yaml, and have to fit there. What Snakemake
    reads is a copy of it that trains on the tests' small data.
    """

    def __init__(self, checkout: Checkout):
        self.checkout = checkout
        self.text = (REPOSITORY / "config.yaml").read_text(encoding="utf-8")
        environment = checkout.folder / ".venv"
        if not environment.exists():
            environment.symlink_to(REPOSITORY / ".venv")
        self._write_config()

    def follow(self, block: Block) -> None:
        """Do what a block says, or see what it promises of the commands before."""
        match block.language:
            case "diff":
                self.edit(block.text)
            case "yaml" if block.title:
                (self.checkout.folder / block.title).write_text(block.text, encoding="utf-8")
            case "sh":
                self.printed = self.run(block.text, fails=block.title == "fails")
            case "text":
                # The config of the tests has the same keys on other lines.
                promised, printed = (
                    re.sub(r"line \d+", "line N", text) for text in (block.text, self.printed)
                )
                assert promised in printed, f"{promised}\nis not in\n{printed}"

    def edit(self, diff: str) -> None:
        """Apply a diff without line numbers; its old lines must be there exactly once."""
        lines = diff.splitlines()
        old = "".join(line[1:] + "\n" for line in lines if not line.startswith("+"))
        new = "".join(line[1:] + "\n" for line in lines if not line.startswith("-"))
        assert self.text.count(old) == 1, f"stands {self.text.count(old)} times in config:\n{old}"
        self.text = self.text.replace(old, new)
        self._write_config()

    def run(self, commands: str, fails: bool = False) -> str:
        """Run commands in Bash, in the environment; each must succeed, or the last one fail."""
        process = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.checkout.folder,
            env=self.checkout.environment | {"PATH": f".venv/bin:{os.environ['PATH']}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
            check=False,
        )
        assert (process.returncode != 0) == fails, f"{commands}\n{process.stdout}"
        return process.stdout

    def _write_config(self) -> None:
        config = reduced(yaml.safe_load(self.text))
        (self.checkout.folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))


def reduced(config: dict) -> dict:
    """The config with the tests' data and few epochs."""
    tiny = yaml.safe_load((REPOSITORY / "tests" / "config.tiny.yaml").read_text())
    for name, task in config["tasks"].items():
        few = {"batch_size": 16, "max_epochs": 5}
        task |= tiny["tasks"].get(name, few)
    for dataset in config["data"].values():
        for name, split in tiny["data"]["mnist"]["splits"].items():
            dataset["splits"][name] |= split
    mnist = config["data"]["mnist"]
    mnist["mirrors"] = tiny["data"]["mnist"]["mirrors"]
    for role, file in tiny["data"]["mnist"]["files"].items():
        mnist["files"][role] |= file
    if config["claims"] == "workflow/report/claims.yaml":
        config["claims"] = tiny["claims"]
    return config

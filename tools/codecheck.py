"""Draft codecheck.yml of a finished run: what a person needs who checks it independently.

CODECHECK (https://codecheck.org.uk) has an independent person run a workflow and certify what came
out. The draft lists the products that the report shows, by the manifest, and the report's title and
authors, by CITATION.cff. What only people can say stands there as FIXME, which its validator
refuses: the authors' identifiers, where the report is found, who checked, and the certificate.
"""

import argparse
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from common import cli  # noqa: E402
from common.errors import ReproductionError  # noqa: E402
from common.files import replace_atomically  # noqa: E402
from pipeline.project import project  # noqa: E402
from provenance.holding import add_config_option, held  # noqa: E402

RESULTS = Path("results")
SPECIFICATION = "https://codecheck.org.uk/spec/config/2.0/"
#: To be filled in by people.
OPEN = "FIXME"
#: The products that the report shows itself, or that judge it.
SHOWN = ("figures/*.png", "tables/*.csv", "claims.json", "report.pdf")


def draft(manifest: dict, config: dict) -> dict:
    """The content of codecheck.yml for a run.

    Args:
        manifest: of the run, see provenance.manifest.
        config: of the run, for the captions.
    """
    captions = {
        name: entry["caption"]
        for kind in ("figures", "tables")
        for name, entry in config[kind].items()
    }
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    report = citation["references"][0]
    people = [f"{author['given-names']} {author['family-names']}" for author in report["authors"]]
    return {
        "version": SPECIFICATION,
        "manifest": [
            {
                "file": str(RESULTS / name),
                "comment": f"{captions.get(Path(name).stem, project()['description'])} "
                f"(SHA-256 {entry['sha256']})",
            }
            for name, entry in manifest["products"].items()
            if any(Path(name).match(pattern) for pattern in SHOWN)
        ],
        "paper": {
            "title": report["title"],
            "authors": [{"name": name, "ORCID": OPEN} for name in people],
            "reference": OPEN,
        },
        "source": f"Made by {project()['name']} {manifest['version']} with `make reproduce`; the "
        "raw data is fetched and held to the hashes in config.yaml.",
        "codechecker": [{"name": OPEN, "ORCID": OPEN}],
        "report": OPEN,
        "summary": OPEN,
        "repository": OPEN,
        "check_time": OPEN,
        "certificate": OPEN,
    }


def main() -> None:
    """Read the command line, hold the results to their manifest, and write the draft."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_config_option(parser)
    # CODECHECK wants this name, in the root.
    parser.add_argument("--output", type=Path, default=Path("codecheck.yml"))
    arguments = parser.parse_args()
    if arguments.output.exists():
        raise ReproductionError(f"{arguments.output} exists; what people wrote in it is kept")
    manifest, config = held(RESULTS, arguments.config)
    content = draft(manifest, config)
    with replace_atomically(arguments.output) as temporary:
        text = yaml.safe_dump(
            content, explicit_start=True, sort_keys=False, allow_unicode=True, width=100
        )
        Path(temporary).write_text(text, encoding="utf-8")
    print(f"{arguments.output}: {len(content['manifest'])} files to check; {OPEN} is for people")


if __name__ == "__main__":
    cli.run(main)

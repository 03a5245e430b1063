# Which file is the config, and a look at it before Snakemake reads it, which does not say in which
# line it is not YAML, or has a value that is none.

import os
import sys
from pathlib import Path

# Not workflow.basedir: of a module, that is the folder of the workflow that uses it.
WORKFLOW = Path(workflow.current_basedir).parent
SCRIPTS = WORKFLOW / "scripts"
sys.path.insert(0, str(SCRIPTS))

if {*"{}"} & {*str(WORKFLOW)}:
    sys.exit(
        f"error: {WORKFLOW.parent}: Snakemake takes braces in a path for a wildcard; move the project "
        "to a folder without them"
    )

from common.places import YamlError, read_yaml

CONFIG_FILE = "config.yaml" if Path("config.yaml").exists() else WORKFLOW.parent / "config.yaml"

try:
    if not isinstance(read_yaml(CONFIG_FILE), dict):
        # Of which Snakemake does not say the name either.
        raise YamlError(f"{CONFIG_FILE}: found no keys; all of them: docs/reference/config.md")
except YamlError as error:
    sys.exit(f"error: {error}")

"""What a job runs on, found out without loading anything that the job has not loaded itself.

Nothing in it names the host, a path or a time: two equal machines give equal bytes.
"""

import importlib
import platform
import re
import sys
from importlib import metadata
from pathlib import Path

#: Distributions whose name is not that of the module they bring. (`packages_distributions` would
#: know them all, but takes a third of a second.)
DISTRIBUTIONS = {"PIL": "pillow", "yaml": "pyyaml"}
MISSING = "not installed"


def machine() -> dict:
    """Python, system and processor; of what is loaded BLAS, compiler back end and packages."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}, {' '.join(platform.libc_ver())}",
        "processor": processor(),
        "blas": blas(),
        "llvm": llvm(),
        "packages": packages(),
    }


def version_of(distribution: str) -> str:
    """The version of a package in this process."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return MISSING


def processor() -> str:
    """The model of the processor."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        model = re.search(r"^model name\s*: (.+)$", cpuinfo.read_text(), re.MULTILINE)
        if model:
            return model[1].strip()
    return platform.processor() or platform.machine()


def blas() -> list[dict[str, str]]:
    """Each BLAS library with the core type it chose, which decides the last bits of a product."""
    if "numpy" not in sys.modules:
        return []
    # It computes nothing, so that its version need not rerun what does: no import statement.
    libraries = importlib.import_module("threadpoolctl").threadpool_info()
    found = {
        (info["internal_api"], info["version"] or "", info.get("architecture") or "")
        for info in libraries
        if info["user_api"] == "blas"
    }
    return [
        dict(zip(("library", "version", "core_type"), entry, strict=True))
        for entry in sorted(found)
    ]


def llvm() -> dict[str, str]:
    """The version of the compiler back end of compiled kernels, and the processor it sees."""
    binding = sys.modules.get("llvmlite.binding")
    if binding is None:
        return {}
    return {
        "version": ".".join(map(str, binding.llvm_version_info)),
        "processor": binding.get_host_cpu_name(),
    }


def packages() -> dict[str, str]:
    """The packages of others that are loaded, with their versions, by name."""
    modules = {name.partition(".")[0] for name in [*sys.modules]} - sys.stdlib_module_names
    names = sorted(DISTRIBUTIONS.get(name, name) for name in modules)
    versions = {name: version_of(name) for name in names}
    return {name: version for name, version in versions.items() if version != MISSING}

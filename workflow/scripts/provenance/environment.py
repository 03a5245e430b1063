"""What the results were computed with: kept apart from the manifest, as machines differ in it."""

import importlib
import platform
import re
import sys
from importlib import metadata
from pathlib import Path

from threadpoolctl import threadpool_info

#: Loading these loads the BLAS libraries that the jobs use.
_BLAS_USERS = ("numpy", "scipy.linalg")


def environment() -> dict:
    """Package versions, Python, BLAS with its core type, compiler back end and processor.

    Nothing in it names the host, a path or a time: two equal machines give equal bytes.
    """
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}, {' '.join(platform.libc_ver())}",
        "processor": processor(),
        "blas": blas(),
        "llvm": llvm(),
        "packages": packages(),
    }


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
    for module in _BLAS_USERS:
        importlib.import_module(module)
    found = {
        (info["internal_api"], info["version"] or "", info.get("architecture") or "")
        for info in threadpool_info()
        if info["user_api"] == "blas"
    }
    return [
        dict(zip(("library", "version", "core_type"), entry, strict=True))
        for entry in sorted(found)
    ]


def llvm() -> dict[str, str]:
    """The version of the compiler back end of compiled kernels, and the processor it sees."""
    try:
        import llvmlite.binding
    except ImportError:
        return {}
    return {
        "version": ".".join(map(str, llvmlite.binding.llvm_version_info)),
        "processor": llvmlite.binding.get_host_cpu_name(),
    }


def packages() -> dict[str, str]:
    """Installed packages, name -> version."""
    found = {
        distribution.metadata["Name"].lower(): distribution.version
        for distribution in metadata.distributions()
        if not _is_outside(distribution)
    }
    return dict(sorted(found.items()))


def _is_outside(distribution: metadata.Distribution) -> bool:
    """Whether a package came from PYTHONPATH and not from the environment of this Python."""
    return not str(distribution.locate_file("")).startswith(sys.prefix)

"""What the results were computed with: kept apart from the manifest, as machines differ in it."""

import importlib
import platform
import re
from importlib import metadata
from pathlib import Path

from threadpoolctl import threadpool_info

_MISSING = "not installed"
#: Loading these loads the BLAS libraries that the jobs use.
_BLAS_USERS = ("numpy", "scipy.linalg")


def environment(packages: dict[str, str], lock: Path) -> dict:
    """Python, BLAS with its core type, compiler back end, processor and packages.

    Nothing in it names the host, a path or a time: two equal machines give equal bytes.

    Args:
        packages: those that the jobs import -> version, as the plan of the run has it.
        lock: the pinned packages, in the format of pip.

    Returns:
        `packages` is what this job, sealed like all others, finds; `unlike_the_lock` names those
        that another version is pinned of.
    """
    found = {name: _version(name) for name in sorted(packages)}
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}, {' '.join(platform.libc_ver())}",
        "processor": processor(),
        "blas": blas(),
        "llvm": llvm(),
        "packages": found,
        "unlike_the_lock": unlike_the_lock(found, lock),
    }


def unlike_the_lock(packages: dict[str, str], lock: Path) -> list[str]:
    """Each package that is not of a version that the lock pins, in words; none without a lock.

    Those that the named ones need in turn are locked, too, and looked at if they are installed.
    """
    if not lock.is_file():
        return []
    pinned: dict[str, list[str]] = {}
    for name, version in re.findall(
        r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE
    ):
        pinned.setdefault(_normal(name), []).append(version)
    named = {_normal(name) for name in packages}
    others = {name: _version(name) for name in pinned if name not in named}
    packages = packages | {n: version for n, version in others.items() if version != _MISSING}
    return [
        f"{name} {version} instead of {' or '.join(pinned.get(_normal(name), ['none']))}"
        for name, version in packages.items()
        if version not in pinned.get(_normal(name), [])
    ]


def _normal(name: str) -> str:
    """The name of a package as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return _MISSING


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

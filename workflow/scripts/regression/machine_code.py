"""Keeps the compiled kernels in a file, so that a job starts without compiling, or even Numba.

Importing Numba and loading from its own cache takes half a second, as long as a training. So Numba
is imported only where the kernels must be compiled. Their machine code is kept in a file, which a
job links with llvmlite alone, in a few milliseconds.

A folder of such files is safe to share between jobs, checkouts and nodes:

* A file's name holds the digest of all that its code depends on: the source of the kernels, the
  versions of the compilers, the processor. A node of another type, or an edited kernel, finds no
  file and makes its own.
* A file is moved into place when it is whole, and begins with the digest of its content. Jobs that
  compile at the same time write the same.
* A folder that cannot be read or written costs the time to compile, never a job.
"""

import ctypes
import hashlib
import json
import logging
import os
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import llvmlite.binding as llvm
import numpy as np

from common.files import replace_atomically

#: Lanes of the kernels' vectors: two cache lines, so that one bright pixel serves 16 columns.
LANES = 16

#: The folder of compiled kernels; without it, `__pycache__` beside this file.
CACHE_VARIABLE = "KERNEL_CACHE_DIR"

#: Fields of an array in Numba's calling convention, apart from its shape and strides: owner (two
#: pointers), number of elements, bytes of an element, data.
ARRAY_HEAD = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)


class MachineCode(NamedTuple):
    """Compiled kernels.

    Attributes:
        kernels: for each kernel its symbol and the types of its arguments, such as
            {"descend": ("_ZN10...", ["float64[3]", "int64"])}; [3] means three dimensions.
        object_file: relocatable machine code in the format of the operating system.
    """

    kernels: dict[str, tuple[str, list[str]]]
    object_file: bytes


@lru_cache(maxsize=1)
def load_kernels() -> dict[str, Callable]:
    """The kernels by name, linked into this process; compiled first where need be."""
    path = cache_path()
    code = read(path)
    if code is None:
        from regression.compiler import compile_kernels

        code = compile_kernels()
        write(path, code)
    return link(code)


# --- the file -------------------------------------------------------------------------------------


def cache_path() -> Path:
    """Where the machine code for this source, these versions and this processor belongs."""
    folder = os.environ.get(CACHE_VARIABLE) or Path(__file__).with_name("__pycache__")
    identity = hashlib.sha256()
    for source in (Path(__file__), *(Path(__file__).with_name(n) for n in COMPILED_SOURCES)):
        identity.update(source.read_bytes())
    for text in (version("numba"), version("llvmlite"), *processor()):
        identity.update(text.encode())
    return Path(folder) / f"kernels-{identity.hexdigest()[:16]}.bin"


#: Files besides this one whose content shapes the machine code.
COMPILED_SOURCES = ("compiler.py", "kernels.py")


def processor() -> tuple[str, str]:
    """Type of the processor, such as znver4, and its instruction sets."""
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def write(path: Path, code: MachineCode) -> None:
    """Keep machine code for the next job, if that is possible."""
    content = json.dumps(code.kernels).encode() + b"\n" + code.object_file
    try:
        with replace_atomically(path) as temporary:
            temporary.write_bytes(hashlib.sha256(content).digest() + content)
    except OSError as error:
        logging.warning("%s: the compiled kernels cannot be kept (%s)", path, error)


def read(path: Path) -> MachineCode | None:
    """Machine code from a file; None if it is missing, unreadable or damaged."""
    try:
        stored = path.read_bytes()
    except OSError:
        return None
    digest, content = stored[:32], stored[32:]
    if hashlib.sha256(content).digest() != digest:
        return None
    head, object_file = content.split(b"\n", maxsplit=1)
    return MachineCode(json.loads(head), object_file)


# --- linking and calling --------------------------------------------------------------------------


def link(code: MachineCode) -> dict[str, Callable]:
    """Make functions of machine code."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    linker = llvm.create_lljit_compiler()
    library = llvm.JITLibraryBuilder().add_object_img(code.object_file).add_current_process()
    for symbol, _ in code.kernels.values():
        library.export_symbol(symbol)
    linked = library.link(linker, "kernels")
    return {
        name: kernel_function(linked, linked[symbol], types)
        for name, (symbol, types) in code.kernels.items()
    }


def kernel_function(linked: object, address: int, types: list[str]) -> Callable:
    """A Python function that checks its arguments and calls the kernel at an address.

    Numba's calling convention: a pointer to the result, a pointer to an exception, then the
    arguments, an array as its fields. The kernels have no result and raise nothing.
    """
    parameters = [parameter(name) for name in types]
    fields = [field for _, _, fields in parameters for field in fields]
    native = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *fields)(address)
    result, exception = ctypes.c_void_p(), ctypes.c_void_p()

    def call(*arguments):
        values = []
        for (dtype, dimensions, _), argument in zip(parameters, arguments, strict=True):
            if dimensions == 0:
                values.append(argument)
                continue
            if argument.dtype != dtype or argument.ndim != dimensions:
                found = f"{argument.dtype}[{argument.ndim}]"
                raise TypeError(f"{dtype}[{dimensions}] is needed, not {found}")
            if not argument.flags.c_contiguous:
                raise TypeError("a C-contiguous array is needed")
            values += (None, None, argument.size, argument.itemsize, argument.ctypes.data)
            values += argument.shape + argument.strides
        native(ctypes.addressof(result), ctypes.addressof(exception), *values)

    call.linked = linked  # the code lives as long as the function
    return call


def parameter(name: str) -> tuple[np.dtype, int, tuple]:
    """Element type, dimensions (0 for a number), and C types of an argument of a type."""
    dtype, _, dimensions = name.rstrip("]").partition("[")
    if not dimensions:
        return np.dtype(dtype), 0, ({"int64": ctypes.c_int64, "float64": ctypes.c_double}[dtype],)
    count = int(dimensions)
    return np.dtype(dtype), count, ARRAY_HEAD + (ctypes.c_int64,) * (2 * count)

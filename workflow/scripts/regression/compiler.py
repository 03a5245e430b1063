"""From the source of the kernels to machine code; the only user of Numba."""

import llvmlite.binding as llvm
from numba import types

from regression.kernels import KERNELS
from regression.machine_code import MachineCode, parameter, processor

#: Numba's code for arrays can free them; the kernels own no array, so this is never reached.
NEVER_CALLED = "define void @NRT_MemInfo_call_dtor(ptr %0) { unreachable }"


def compile_kernels() -> MachineCode:
    """Compile all kernels for this processor."""
    target = target_machine()
    module = llvm.parse_assembly(NEVER_CALLED)
    kernels = {}
    for name, dispatcher in KERNELS.items():
        (signature,) = dispatcher.signatures
        symbol = dispatcher.overloads[signature].fndesc.llvm_func_name
        kernels[name] = symbol, [type_name(argument) for argument in signature]
        module.link_in(llvm.parse_assembly(dispatcher.inspect_llvm(signature)))
        check_calling_convention(module.get_function(symbol), kernels[name][1])
    keep_only({symbol for symbol, _ in kernels.values()}, module, target)
    return MachineCode(kernels, target.emit_object(module))


def target_machine() -> llvm.TargetMachine:
    """The processor at hand; the code may lie anywhere in memory."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    name, features = processor()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=name, features=features, opt=3, reloc="pic", codemodel="small"
    )


def type_name(argument: types.Type) -> str:
    """Numba type as `machine_code` writes it: float64, or float64[3] for an array."""
    if not isinstance(argument, types.Array):
        return str(argument)
    return f"{argument.dtype}[{argument.ndim}]"


def check_calling_convention(function: llvm.ValueRef, names: list[str]) -> None:
    """Fail if this Numba passes arguments in another way than `machine_code` does."""
    expected = 2 + sum(len(parameter(name)[2]) for name in names)
    found = len(list(function.arguments))
    if found != expected:
        raise RuntimeError(f"{function.name}: {found} machine arguments, not {expected}")


def keep_only(symbols: set[str], module: llvm.ModuleRef, target: llvm.TargetMachine) -> None:
    """Drop Numba's wrappers for calls from Python, and all that only they use."""
    for function in module.functions:
        if not function.is_declaration and function.name not in symbols:
            function.linkage = "internal"
    builder = llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options())
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, builder)

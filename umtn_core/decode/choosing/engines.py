"""The decode engines by name."""

from __future__ import annotations

from collections.abc import Callable

from umtn_core.bundle import Bundle
from umtn_core.decode.choosing.engine_names import engine_meant
from umtn_core.decode.choosing.usable_precisions import why_not_precise_enough
from umtn_core.decode.cpu.cpu_engine import CpuEngine
from umtn_core.decode.cuda.cuda_engine import CudaEngine
from umtn_core.decode.engine import Engine
from umtn_core.decode.onnx.onnx_device_engine import OnnxDeviceEngine
from umtn_core.decode.onnx.onnx_engine import OnnxEngine
from umtn_core.errors import UmtnError

_OPENERS: dict[str, Callable[[Bundle, str, int | None], Engine]] = {
    "cpu": lambda bundle, domain, threads: CpuEngine(bundle, domain, threads),
    "cpu-bf16": lambda bundle, domain, threads: CpuEngine(bundle, domain, threads, "bf16"),
    "cpu-int8": lambda bundle, domain, threads: CpuEngine(bundle, domain, threads, "int8"),
    "cuda": lambda bundle, domain, _: CudaEngine(bundle, domain),
    "cuda-fp16": lambda bundle, domain, _: CudaEngine(bundle, domain, "fp16"),
    "cuda-bf16": lambda bundle, domain, _: CudaEngine(bundle, domain, "bf16"),
    "onnx": lambda bundle, domain, threads: OnnxEngine(bundle, domain, threads),
    "onnx-cuda": lambda bundle, domain, _: OnnxDeviceEngine(bundle, domain, "cuda"),
}


def open_engine(
    name: str,
    bundle: Bundle,
    domain: str,
    threads: int | None = None,
    *,
    whatever_it_loses: bool = False,
) -> Engine:
    """Open a domain's decoder.

    Parameters
    ----------
    name
        One of `engine_names.ENGINES` other than ``auto``.
    bundle, domain
        The model and the domain whose decoder it is.
    threads
        The number of batches advanced at once; None, one for each core this process may use.
    whatever_it_loses
        Open an imprecise engine even for a model that would suffer: to time it, or to measure
        what is lost.

    Raises
    ------
    UmtnError
        If there is no such engine or domain, the machine cannot run it, or the model loses too
        much by it, see `umtn_core.decode.choosing.usable_precisions`.
    """
    name = engine_meant(name)
    if name not in _OPENERS:
        raise UmtnError(f"{name} is chosen for a target; name one of {', '.join(_OPENERS)}.")
    reason = why_not_precise_enough(name, bundle.manifest, domain)
    if reason is not None and not whatever_it_loses:
        raise UmtnError(reason)
    return _OPENERS[name](bundle, domain, threads)

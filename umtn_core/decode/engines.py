"""The decode engines by name."""

from __future__ import annotations

from collections.abc import Callable

from umtn_core.bundle import Bundle
from umtn_core.decode.engine import Engine
from umtn_core.decode.onnx_engine import OnnxEngine
from umtn_core.errors import UmtnError

_OPENERS: dict[str, Callable[[Bundle, str, int | None], Engine]] = {
    "onnx": lambda bundle, domain, threads: OnnxEngine(bundle, domain, threads),
    "onnx-cuda": lambda bundle, domain, threads: OnnxEngine(bundle, domain, threads, "cuda"),
}

#: Names that `open_engine` knows: the step graph on ONNX Runtime, on the CPU or by CUDA.
ENGINES = tuple(_OPENERS)


def open_engine(name: str, bundle: Bundle, domain: str, threads: int | None = None) -> Engine:
    """Open a domain's decoder.

    Parameters
    ----------
    name
        One of `ENGINES`.
    bundle, domain
        Whose decoder.
    threads
        Batches advanced at once; None, one for each core this process may use.

    Raises
    ------
    UmtnError
        If there is no such engine or domain, or the machine cannot run it.
    """
    if name not in _OPENERS:
        raise UmtnError(f"There is no engine {name!r}; choose one of {', '.join(ENGINES)}.")
    return _OPENERS[name](bundle, domain, threads)

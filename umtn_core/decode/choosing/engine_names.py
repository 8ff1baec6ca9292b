"""What the decode engines are called, for those who need no more than that."""

from __future__ import annotations

from umtn_core.names import the_one_meant

#: Names that users know. ``auto``: what `umtn_core.decode.choosing.auto` chooses; ``cpu``: own
#: kernels, in float32 or with layers in bfloat16 or int8; ``cuda``: the same on a GPU; ``onnx``:
#: the step graph on ONNX Runtime, on the CPU or by CUDA.
ENGINES = (
    "auto", "cpu", "cpu-bf16", "cpu-int8", "cuda", "cuda-fp16", "cuda-bf16", "onnx", "onnx-cuda",
)  # fmt: skip


def engine_meant(typed: str) -> str:
    """Find the engine that a person means, however its name is written.

    Raises
    ------
    UmtnError
        If there is none of that name.
    """
    return the_one_meant(typed, ENGINES, "engine")

"""Opening graphs on ONNX Runtime."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from typing import Literal

import onnxruntime as ort

from umtn_core.errors import UmtnError

# For builds that do not heed the variable set in `umtn_core`.
ort.disable_telemetry_events()
#: Of what ONNX Runtime writes to stderr itself: errors. Its warnings are for those who build it.
_ERRORS, _FATAL = 3, 4
ort.set_default_logger_severity(_ERRORS)

Device = Literal["cpu", "cuda"]

_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


def available_cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


#: By default ONNX Runtime has Ampere and later chips round a product's factors to 10 bits.
_CUDA_OPTIONS = {"use_tf32": "0"}


def open_session(
    graph: bytes, *, device: Device = "cpu", threads: int = 1, captured: bool = False
) -> ort.InferenceSession:
    """Open a graph.

    Parameters
    ----------
    graph
        Contents of an ONNX file.
    device
        Where to run it.
    threads
        The number of threads that share the work of one run.
    captured
        Whether, on a GPU, to have ONNX Runtime record a run as a CUDA graph and repeat that from
        then on. A recording is named by the run's option ``gpu_graph_id``; everything bound to it
        must stay where it is on the device, runs must not overlap, and the first is run several
        times over.

    Raises
    ------
    UmtnError
        If the device cannot be used, or ONNX Runtime refuses the graph.
    """
    provider = _PROVIDERS[device]
    if provider not in ort.get_available_providers():
        raise UmtnError(
            f"This ONNX Runtime has no {device.upper()} support; install onnxruntime-gpu "
            "in place of onnxruntime, or use the CPU."
        )
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS
    # Idle threads must not spin: the cores are wanted by others between our runs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    settings = dict(_CUDA_OPTIONS) if device == "cuda" else {}
    if device == "cuda" and captured:
        settings["enable_cuda_graph"] = "1"
    try:
        with _cuda_libraries() if device == "cuda" else contextlib.nullcontext():
            session = ort.InferenceSession(graph, options, providers=[(provider, settings)])
    except Exception as error:  # its exceptions share no base class but this
        reason = str(error).strip().splitlines()[0]
        raise UmtnError(f"ONNX Runtime cannot open the model: {reason}.") from error
    if provider not in session.get_providers():
        raise UmtnError(
            f"{device.upper()} could not be started; check its driver, install its libraries "
            "(pip install 'umtn[cuda]'), or use the CPU."
        )
    return session


@contextlib.contextmanager
def _cuda_libraries() -> Iterator[None]:
    """Find the CUDA libraries that pip has installed, and keep quiet where there are none.

    By itself ONNX Runtime looks only where the system keeps libraries, and when it finds
    none it writes several lines of its own about what is said here in one sentence.
    """
    if hasattr(ort, "preload_dlls"):
        with contextlib.redirect_stdout(io.StringIO()):
            ort.preload_dlls()
    ort.set_default_logger_severity(_FATAL)
    try:
        yield
    finally:
        ort.set_default_logger_severity(_ERRORS)

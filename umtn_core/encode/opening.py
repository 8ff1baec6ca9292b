"""Choosing what runs a bundle's encoder."""

from __future__ import annotations

from umtn_core.bundle import Bundle
from umtn_core.encode.cpu_encoder import CpuEncoder
from umtn_core.encode.latent_encoder import EncoderPrecision, LatentEncoder
from umtn_core.encode.onnx_encoder import OnnxEncoder
from umtn_core.native.library import is_available


def open_encoder(
    bundle: Bundle, precision: EncoderPrecision | None, threads: int | None = None
) -> LatentEncoder:
    """Open the encoder that goes with a decode engine.

    Parameters
    ----------
    bundle
        The model whose encoder is opened.
    precision
        The precision of our own kernels; None, the graph in ONNX Runtime, which also stands in
        where the kernels were not built.
    threads
        The number of threads, as `LatentEncoder` has it.
    """
    if precision is None or not is_available():
        return OnnxEncoder(bundle, threads)
    return CpuEncoder(bundle, threads, precision)

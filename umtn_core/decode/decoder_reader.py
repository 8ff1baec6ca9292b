"""A decoder's weights from its graph, for the engines that have kernels of their own."""

from __future__ import annotations

from umtn_core.bundle import Bundle
from umtn_core.bundle.onnx_file import GraphFile
from umtn_core.native.weight_reader import WeightReader


def decoder_reader(bundle: Bundle, domain: str) -> WeightReader:
    """Open the weights of a domain's decoder.

    Raises
    ------
    UmtnError
        If the bundle has no such domain.
    """
    weights = GraphFile.parse(bundle.decoder(domain)).weights
    return WeightReader(weights, f"decoder of {bundle.name}")

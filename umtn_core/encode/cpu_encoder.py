"""A bundle's encoder on kernels of our own."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.bundle.onnx_file import GraphFile
from umtn_core.encode.latent_encoder import EncoderPrecision, LatentEncoder
from umtn_core.native.calls import check, pointer_to, room_in, targets
from umtn_core.native.library import ffi, open_library
from umtn_core.native.weight_reader import WeightReader
from umtn_core.shape import NetworkShape

#: Audio encoded in one run, at most. What is heard around it is encoded as well, so that long runs
#: do less work; the buffers of a second take 16 to 32 MB.
LONGEST_CHUNK_SECONDS = 2.0


class CpuEncoder(LatentEncoder):
    """The shared encoder of a bundle, in C++.

    Parameters
    ----------
    bundle
        The model whose encoder it is.
    threads
        The number of threads, as `LatentEncoder` has it.
    precision
        The precision of the layers' products; sums and the output are float32 always.
    target
        One of `umtn_core.native.calls.targets`; None, the fastest.

    Raises
    ------
    UmtnError
        If the library is missing, or weights are not numbers.
    """

    def __init__(
        self,
        bundle: Bundle,
        threads: int | None = None,
        precision: EncoderPrecision = "fp32",
        target: str | None = None,
    ):
        super().__init__(bundle.shape, threads)
        self._library = open_library()
        reader = WeightReader(GraphFile.parse(bundle.encoder).weights, f"encoder of {bundle.name}")
        dilations = ffi.new("int32_t[]", list(bundle.shape.encoder_dilations))
        described = _description(bundle.shape, dilations)
        given = _weights(bundle.shape, reader)
        name = (target or targets()[0]).encode()
        number = get_args(EncoderPrecision).index(precision)
        handle = ffi.new("umtn_encoder **")
        check(self._library.umtn_encoder_open(described, given, name, number, handle))
        self._encoder = ffi.gc(handle[0], self._library.umtn_encoder_close)

    def _chunk(self, frames: int) -> int:
        """Divide them evenly: here a frame does not depend on those beside it, to the last bit."""
        longest = max(1, round(LONGEST_CHUNK_SECONDS * self.shape.sample_rate / self.shape.hop))
        chunks = -(-frames // (longest * self._threads)) * self._threads
        return max(1, -(-frames // chunks))

    def frames(self, sound: NDArray[np.float32], first: int, last: int) -> NDArray[np.float32]:
        """See `LatentEncoder.frames`."""
        sound = np.ascontiguousarray(sound, np.float32)
        latents = np.empty((last - first, self.shape.latent_channels), np.float32)
        check(
            self._library.umtn_encoder_run(
                self._encoder,
                pointer_to("float", sound),
                len(sound),
                first,
                last - first,
                room_in("float", latents),
            )
        )
        return latents.T


def _description(shape: NetworkShape, dilations: Any) -> Any:
    """Describe an encoder to the library; the dilations have to outlive what is returned."""
    return ffi.new(
        "umtn_encoder_shape *",
        {
            "layers": len(dilations),
            "kernel": shape.encoder_kernel,
            "channels": shape.encoder_channels,
            "latent_channels": shape.latent_channels,
            "first_kernel": shape.first_kernel,
            "stride": shape.encoder_stride,
            "pool": shape.hop // shape.encoder_stride,
            "leading_relu": shape.encoder_leading_relu,
            "dilations": dilations,
        },
    )


def _weights(shape: NetworkShape, reader: WeightReader) -> Any:
    """Gather an encoder's weights, which the reader holds."""
    c, z, layers = shape.encoder_channels, shape.latent_channels, len(shape.encoder_dilations)

    def all_layers(part: str, *dims: int) -> object:
        return reader.pointers([f"dilated_convs.{i}.{part}" for i in range(layers)], dims)

    return ffi.new(
        "umtn_encoder_weights *",
        {
            "first_weight": reader.pointer("start.weight", (c, 1, shape.first_kernel)),
            "first_bias": reader.pointer("start.bias", (c,)),
            "conv_weight": all_layers("dilated_conv.weight", c, c, shape.encoder_kernel),
            "conv_bias": all_layers("dilated_conv.bias", c),
            "out_weight": all_layers("conv_1x1.weight", c, c, 1),
            "out_bias": all_layers("conv_1x1.bias", c),
            "latent_weight": reader.pointer("conv_1x1.weight", (z, c, 1)),
            "latent_bias": reader.pointer("conv_1x1.bias", (z,)),
        },
    )

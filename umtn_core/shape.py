"""The shape of a network: every number that decides its layers, and what they cost.

Free of torch, so that the run time can read a bundle's shape and reason about it.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from umtn_core.companding import LEVELS, Convention

#: Samples a second: no lower than a telephone's by far, no higher than any converter's.
Rate = Annotated[int, Meta(ge=1_000, le=768_000)]
OtherRate = Annotated[int, Meta(ge=0, le=768_000)]
#: Samples of a latent frame; 50 ms are 800 in the paper.
Hop = Annotated[int, Meta(ge=1, le=2**16)]
Width = Annotated[int, Meta(ge=1, le=4096)]
OtherWidth = Annotated[int, Meta(ge=0, le=4096)]
Blocks = Annotated[int, Meta(ge=1, le=64)]
#: In a block the dilation doubles with each; the published weights have 14.
Layers = Annotated[int, Meta(ge=1, le=20)]
Kernel = Annotated[int, Meta(ge=1, le=64)]

#: Layers that a network has at most; the published decoders have 56.
MOST_LAYERS = 256
#: Parameters of an encoder or a decoder, at most: twice those of the largest preset, `nsynth`.
MOST_PARAMETERS = 2**27
#: Numbers that one stream keeps of its past, at most; the published decoders keep 8.4 million.
MOST_KEPT = 2**25


class NetworkShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Hyper-parameters of the encoder, the decoders and the domain classifier.

    The defaults are the published ones (paper, Sections 3 and 4, and Figure 1).

    Parameters
    ----------
    sample_rate
        Samples a second of the audio that the network hears, and makes unless
        ``decoder_sample_rate`` says otherwise.
    decoder_sample_rate
        Samples a second of the audio that the decoders make; 0, as many as are heard.
    bands
        Bands that the decoders' audio is divided into, each at a rate so many times lower
        (`umtn_core.filter_bank`); one step makes a sample of every band. 1 in the paper:
        the audio itself.
    companding
        Mu-law convention, see `umtn_core.companding`.
    hop
        Samples averaged into one latent frame (50 ms at 16 kHz in the paper).
    latent_channels
        Width of the latent.
    encoder_blocks, encoder_layers, encoder_channels, encoder_kernel
        The encoder has ``encoder_blocks`` x ``encoder_layers`` residual layers;
        the dilation doubles within a block and starts again at 1 in the next.
    encoder_leading_relu
        Whether a residual layer begins with a ReLU (it does in the paper, not in
        the published weights).
    encoder_stride
        Samples the encoder's first convolution advances at a time. 1 in the paper;
        more makes the encoder proportionally cheaper.
    decoder_blocks, decoder_layers, decoder_kernel, residual_channels, skip_channels
        Each decoder has ``decoder_blocks`` x ``decoder_layers`` gated layers.
    decoder_input
        How a past sample enters: ``scalar`` as one number through a causal
        convolution (published), ``embedding`` as a learned vector for its code.
    conditioning_channels
        0 conditions each layer on the latent by a 1x1 convolution (published);
        more puts a convolution over three latent frames and a ReLU of this width
        before those, so that the decoder sees a change of note coming.
    classifier_channels
        Width of the domain classification network.
    start_code
        The code a free-running decode starts from; -1 is silence, exactly 0.0.
    """

    sample_rate: Rate = 16_000
    decoder_sample_rate: OtherRate = 0
    bands: Literal[1, 2, 4, 8] = 1
    companding: Convention = "rounded"
    hop: Hop = 800
    latent_channels: Width = 64
    encoder_blocks: Blocks = 3
    encoder_layers: Layers = 10
    encoder_channels: Width = 128
    encoder_kernel: Kernel = 3
    encoder_leading_relu: bool = True
    encoder_stride: Hop = 1
    decoder_blocks: Blocks = 4
    decoder_layers: Layers = 10
    decoder_kernel: Annotated[int, Meta(ge=2, le=64)] = 2
    residual_channels: Width = 128
    skip_channels: Width = 128
    decoder_input: Literal["scalar", "embedding"] = "scalar"
    conditioning_channels: OtherWidth = 0
    classifier_channels: Width = 100
    start_code: Annotated[int, Meta(ge=-1, le=LEVELS - 1)] = -1

    def __post_init__(self) -> None:
        if self.hop % self.encoder_stride:
            raise ValueError(
                f"hop ({self.hop}) must be a multiple of encoder_stride ({self.encoder_stride})"
            )
        if self.encoder_kernel % 2 == 0:
            raise ValueError(f"encoder_kernel must be odd, not {self.encoder_kernel}")
        if self.bands > 1 and self.decoder_input != "embedding":
            raise ValueError("decoder_input must be embedding where there are several bands")
        if self.hop * self.output_rate % (self.sample_rate * self.bands):
            raise ValueError(
                f"a latent frame ({self.hop} samples at {self.sample_rate} Hz) must last a whole "
                f"number of steps of {self.bands} samples at {self.output_rate} Hz"
            )
        self._refuse_what_is_too_large()

    def _refuse_what_is_too_large(self) -> None:
        """Refuse what no machine would play, though each number for itself is one that might."""
        # First the layers: the other numbers are sums over them.
        for part, layers in (
            ("encoder", self.encoder_blocks * self.encoder_layers),
            ("decoder", self.decoder_blocks * self.decoder_layers),
        ):
            if layers > MOST_LAYERS:
                raise ValueError(f"the {part} has {layers} layers, more than {MOST_LAYERS}")
        reach = self.encoder_reach // self.encoder_stride
        for part, parameters, kept in (
            ("encoder", self.encoder_parameters, reach * self.encoder_channels),
            ("decoder", self.decoder_parameters, self.receptive_steps * self.residual_channels),
        ):
            if parameters > MOST_PARAMETERS:
                raise ValueError(
                    f"the {part} has {parameters} parameters, more than {MOST_PARAMETERS}"
                )
            if kept > MOST_KEPT:
                raise ValueError(
                    f"the {part} keeps {kept} numbers of its past, more than {MOST_KEPT}"
                )

    @property
    def output_rate(self) -> int:
        """Samples a second of the audio that the decoders make."""
        return self.decoder_sample_rate or self.sample_rate

    @property
    def output_hop(self) -> int:
        """Samples that the decoders make in one latent frame."""
        return self.hop * self.output_rate // self.sample_rate

    @property
    def steps_per_frame(self) -> int:
        """Decoding steps in one latent frame; each makes a sample of every band."""
        return self.output_hop // self.bands

    @property
    def dilations(self) -> tuple[int, ...]:
        """Dilation of every decoder layer, first to last."""
        return tuple(2**i for _ in range(self.decoder_blocks) for i in range(self.decoder_layers))

    @property
    def encoder_dilations(self) -> tuple[int, ...]:
        """Dilation of every encoder layer, first to last, in steps of the encoder's stride."""
        return tuple(2**i for _ in range(self.encoder_blocks) for i in range(self.encoder_layers))

    @property
    def input_kernel(self) -> int:
        """Past steps whose samples enter the decoder's first layer at each step."""
        return self.decoder_kernel if self.decoder_input == "scalar" else 1

    @property
    def input_codes(self) -> int:
        """Past samples that enter the decoder's first layer at each step, over all bands."""
        return self.input_kernel * self.bands

    @property
    def delayed_taps(self) -> int:
        """Columns of past activations that one decoding step reads, over all layers."""
        return len(self.dilations) * (self.decoder_kernel - 1)

    @property
    def conditioning_width(self) -> int:
        """Numbers that condition one step of one stream: every layer's, then the output's."""
        return len(self.dilations) * 2 * self.residual_channels + self.skip_channels

    @property
    def receptive_steps(self) -> int:
        """Past steps that decide the decoder's next one."""
        return sum(self.dilations) * (self.decoder_kernel - 1) + self.input_kernel

    @property
    def receptive_field(self) -> int:
        """Past samples that decide the decoder's next one, over all bands."""
        return self.receptive_steps * self.bands

    @property
    def first_kernel(self) -> int:
        """Width in samples of the encoder's first convolution."""
        return self.encoder_kernel if self.encoder_stride == 1 else 4 * self.encoder_stride

    @property
    def encoder_reach(self) -> int:
        """Samples before and after a latent frame's own ``hop`` that influence it, at most."""
        layers = sum(self.encoder_dilations) * (self.encoder_kernel // 2)
        return layers * self.encoder_stride + self.first_kernel

    @property
    def encoder_parameters(self) -> int:
        """Parameters of the shared encoder."""
        c = self.encoder_channels
        layer = c * c * self.encoder_kernel + c + c * c + c
        first = c * self.first_kernel + c
        return first + len(self.encoder_dilations) * layer + (c + 1) * self.latent_channels

    @property
    def decoder_parameters(self) -> int:
        """Parameters of one domain's decoder."""
        r, s, z, k = (
            self.residual_channels,
            self.skip_channels,
            self.latent_channels,
            self.decoder_kernel,
        )
        if self.decoder_input == "scalar":
            first = r * self.input_kernel + r
        else:
            first = r * LEVELS * self.bands
        context, width = 0, z
        if self.conditioning_channels:
            width = self.conditioning_channels
            context = width * z * 3 + width
        layer = 2 * r * (r * k + 1) + 2 * r * (width + 1) + r * (r + 1) + s * (r + 1)
        head = s * (r + 1) + s * (s + 1) + s * (width + 1) + self.bands * LEVELS * (s + 1)
        return first + context + len(self.dilations) * layer + head

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds a decoder needs for one step, conditioning products not counted.

        Those are made once a latent frame, not once a step.
        """
        r, s = self.residual_channels, self.skip_channels
        layer = 2 * r * r * self.decoder_kernel + r * r + s * r
        first = r * self.input_kernel if self.decoder_input == "scalar" else 0
        return first + s * r + len(self.dilations) * layer + s * s + self.bands * LEVELS * s


#: The shapes that have names.
PRESETS: dict[str, NetworkShape] = {
    # Section 4: decoder of four blocks of ten layers, a receptive field of 250 ms.
    "paper": NetworkShape(),
    # The weights that the paper's authors published.
    "released": NetworkShape(
        companding="truncated",
        encoder_leading_relu=False,
        decoder_layers=14,
        start_code=128,
    ),
    # The WaveNet autoencoder that the paper starts from (Engel et al., 2017).
    "nsynth": NetworkShape(
        hop=512,
        latent_channels=16,
        decoder_blocks=3,
        decoder_kernel=3,
        residual_channels=512,
        skip_channels=256,
    ),
    # Small enough to train in hours and to decode on a laptop's processor.
    "small": NetworkShape(
        hop=400,
        latent_channels=32,
        encoder_blocks=2,
        encoder_layers=6,
        encoder_channels=96,
        encoder_stride=8,
        decoder_blocks=2,
        decoder_layers=8,
        residual_channels=64,
        skip_channels=64,
        decoder_input="embedding",
        conditioning_channels=96,
    ),
    # Hears 16 kHz and makes 32. Of the bands and widths that were compared, these learn most in the
    # same time (docs/training.md).
    "wideband": NetworkShape(
        decoder_sample_rate=32_000,
        bands=4,
        hop=400,
        encoder_blocks=2,
        encoder_layers=6,
        encoder_channels=160,
        encoder_stride=8,
        decoder_blocks=2,
        decoder_layers=8,
        residual_channels=64,
        skip_channels=64,
        decoder_input="embedding",
        conditioning_channels=128,
    ),
}

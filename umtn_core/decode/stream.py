"""One stream of a decode: what is asked of it, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from umtn_core.companding import NOTHING_YET
from umtn_core.errors import UmtnError
from umtn_core.rows import Codes, Latents
from umtn_core.shape import NetworkShape


@dataclass(frozen=True)
class Stream:
    """A request for one stream of audio.

    Parameters
    ----------
    latents : float32 array (latent_channels, frames)
        What the audio is to be.
    samples
        How many to make, at most ``frames * output_hop``; a multiple of the bands.
    id
        Names the stream's random numbers: the same id and seed give the same samples
        whatever else is decoded beside it. Streams may share an id.
    seed
        The seed of its random numbers, 0 to 2^64 - 1; None, that of the decode's sampling.
    codes : uint8 array (samples,), or what can be used like one
        Where what is made is put; None, in an array of its own.
    """

    latents: Latents
    samples: int
    id: int = 0
    seed: int | None = None
    codes: Codes | None = None


@dataclass
class StreamState:
    """A stream under way. Everything that a decode knows of it; no engine keeps more.

    Parameters
    ----------
    request
        What was asked for.
    codes : uint8 array (samples,)
        Made so far, up to ``position``.
    rings : float32 array (ring_rows, residual_channels), or None
        The decoder layers' past inputs, see `RingLayout`. None before the first sample, when all
        are zero, and once it is finished: of thousands of streams they would fill the memory.
    position
        The number of samples made.
    """

    request: Stream
    codes: Codes
    rings: NDArray[np.float32] | None = None
    position: int = 0

    @classmethod
    def begin(cls, request: Stream, shape: NetworkShape) -> StreamState:
        """Make the state before the first sample."""
        channels, frames = request.latents.shape
        if channels != shape.latent_channels:
            raise UmtnError(
                f"These latents have {channels} channels, but this model's have "
                f"{shape.latent_channels}; encode the audio with the same model."
            )
        most = frames * shape.output_hop
        if not 0 <= request.samples <= most:
            raise UmtnError(
                f"{frames} latent frames make at most {most} samples, not {request.samples}."
            )
        if request.samples % shape.bands:
            raise UmtnError(
                f"A network of {shape.bands} bands makes as many samples a step, so "
                f"{request.samples} cannot be asked for: take a multiple."
            )
        given = request.codes
        return cls(request, np.zeros(request.samples, np.uint8) if given is None else given)

    @property
    def is_finished(self) -> bool:
        """Whether all samples are made."""
        return self.position == self.request.samples

    def begin_anew(self) -> None:
        """Go back to before the first sample: those that were made will be made again."""
        self.rings, self.position = None, 0

    def recent(self, shape: NetworkShape) -> NDArray[np.int64]:
        """Return the newest codes, as the next step sees them: int64, (input_codes,)."""
        window = np.full(shape.input_codes, NOTHING_YET, np.int64)
        newest = self.codes[max(0, self.position - len(window)) : self.position]
        known = np.concatenate([[shape.start_code] * shape.bands, newest])
        known = known[-shape.input_codes :]
        window[len(window) - len(known) :] = known
        return window


@dataclass(frozen=True)
class RingLayout:
    """Where each decoder layer's past inputs lie in one array of rows.

    Layer l owns ``size[l] = (kernel - 1) * dilation[l]`` rows from ``offset[l]`` on, one
    after another in the order of the layers. Its input at step t lies in row
    ``offset[l] + t % size[l]`` until it is overwritten ``size[l]`` steps later, just after
    it has been read for the last time.
    """

    offsets: NDArray[np.int64] = field(repr=False)
    sizes: NDArray[np.int64] = field(repr=False)
    delays: NDArray[np.int64] = field(repr=False)
    taps: int

    @classmethod
    def of(cls, shape: NetworkShape) -> RingLayout:
        """Lay out the rings of a network."""
        taps = shape.decoder_kernel - 1
        dilations = np.array(shape.dilations, np.int64)
        sizes = taps * dilations
        delays = dilations[:, None] * np.arange(taps, 0, -1)
        return cls(np.cumsum(sizes) - sizes, sizes, delays, taps)

    @property
    def rows(self) -> int:
        """Rows over all layers."""
        return int(self.sizes.sum())

    def rows_read(self, time: int) -> NDArray[np.int64]:
        """List the rows that the step at a time reads, (layers, kernel - 1), oldest tap first.

        The newest input is to be written over the oldest, column 0.
        """
        return self.offsets[:, None] + (time - self.delays) % self.sizes[:, None]

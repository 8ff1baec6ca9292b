"""What becomes of decoded audio: joined, its noise taken out, as long and loud as the source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from umtn_core.audio.level import gain_to_match
from umtn_core.audio.loudness import LoudnessMeter
from umtn_core.audio.resample import Resampler
from umtn_core.dynamics.envelope import Envelope
from umtn_core.hearing import Signal
from umtn_core.postfilter import Postfilter
from umtn_core.progress import IsCancelled
from umtn_core.recording import Audio, Recording
from umtn_core.rows import Rows
from umtn_core.segments.join import joining
from umtn_core.segments.plan import Segment
from umtn_core.stage import BLOCK, Stage, heeding, through


@dataclass(frozen=True)
class Finish:
    """The way from decoded segments to the recording that a caller gets, block by block.

    Parameters
    ----------
    sample_rate
        The decoders', in hertz.
    quietest
        The loudness in LUFS down to which decoded audio is brought up all the way.
    mix
        The share of the translation: 0 gives the recording back, 1 the translation only.
    open_postfilter
        Called, once there is something to filter, for what takes the decoder's noise out; None,
        nothing does.
    folder
        Where audio is put that does not fit into memory.
    """

    sample_rate: int
    quietest: float
    mix: float
    open_postfilter: Callable[[], Postfilter] | None
    folder: Path | None = None

    def signal(
        self,
        signal: Signal,
        parts: Sequence[Iterable[Audio]],
        segments: Sequence[Segment],
        cancelled: IsCancelled | None = None,
    ) -> Iterator[Audio]:
        """Bring what was decoded of a signal to its sample rate, length and loudness.

        Parameters
        ----------
        signal
            The signal, as it was recorded.
        parts : sequence of blocks of float32 array (n,)
            What was decoded of each segment, at the decoders' rate.
        segments
            The segments that it was cut into.
        cancelled
            Asked for every block, and about 20 times a second while a post-filter works.

        Yields
        ------
        float32 array (n,)
            As many samples as the signal has, in all.

        Raises
        ------
        Cancelled
        """
        stages: list[Stage] = []
        if self.open_postfilter is not None:
            stages.append(self.open_postfilter().stage(segments[-1].end, cancelled))
        if signal.ride is not None:
            stages.append(Envelope(signal.ride, self.sample_rate))
        stages.append(Resampler(self.sample_rate, signal.sample_rate, signal.samples))
        joined = heeding(cancelled, joining(parts, segments, self.sample_rate))
        blocks = through(joined, *stages)
        return self._matched(blocks, signal) if signal.ride is None else blocks

    def recording(
        self, recording: Recording, translated: Sequence[Iterable[Audio]]
    ) -> Iterator[Audio]:
        """Put a recording together whose sounding signals are translated: blocks (channels, n)."""
        return recording.dry() if self.mix == 0 else recording.mixed(translated, self.mix)

    def _matched(self, blocks: Iterable[Audio], signal: Signal) -> Iterator[Audio]:
        """Make it as loud as the signal by one gain, which is known once all of it is there."""
        rows = Rows(signal.samples, folder=self.folder)
        meter = LoudnessMeter(1, signal.samples, signal.sample_rate)
        filled = 0
        for block in blocks:
            rows[filled : filled + len(block)] = block
            meter.add(block)
            filled += len(block)
        gain = gain_to_match(meter.loudness(), signal.lufs, self.quietest)
        for begin in range(0, signal.samples, BLOCK):
            yield rows[begin : begin + BLOCK] * gain

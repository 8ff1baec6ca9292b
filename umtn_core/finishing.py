"""What becomes of decoded audio: joined, its noise taken out, as long and loud as the source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from umtn_core.audio.level import matched
from umtn_core.audio.resample import resample
from umtn_core.postfilter import Postfilter
from umtn_core.progress import IsCancelled
from umtn_core.recording import Audio, Recording, Signal
from umtn_core.segments.join import joined
from umtn_core.segments.plan import Segment


@dataclass(frozen=True)
class Finish:
    """The way from decoded segments to the recording that a caller gets.

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
    """

    sample_rate: int
    quietest: float
    mix: float
    open_postfilter: Callable[[], Postfilter] | None

    def signal(
        self,
        signal: Signal,
        parts: Sequence[Audio],
        segments: Sequence[Segment],
        cancelled: IsCancelled | None = None,
    ) -> Audio:
        """Bring what was decoded of a signal to its sample rate, length and loudness.

        Parameters
        ----------
        signal
            The signal, as it was recorded.
        parts : sequence of float32 array (samples,)
            What was decoded of each segment, at the decoders' rate.
        segments
            The segments that it was cut into.
        cancelled
            Asked about 20 times a second while a post-filter works.

        Returns
        -------
        float32 array (samples,)
            As many samples as the signal has.

        Raises
        ------
        Cancelled
        """
        audio, _ = joined(parts, segments, self.sample_rate)
        if self.open_postfilter is not None:
            audio = self.open_postfilter()(audio, cancelled=cancelled)
        audio = resample(audio, self.sample_rate, signal.sample_rate, len(signal.audio))
        return matched(audio, signal.sample_rate, signal.lufs, self.quietest)

    def recording(self, recording: Recording) -> Audio:
        """Put a recording together whose signals are translated: of the form it came in."""
        if self.mix == 0:
            return recording.dry.reshape(recording.shape).copy()
        return recording.mixed(self.mix)

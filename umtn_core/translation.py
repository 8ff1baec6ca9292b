"""A translation under way: advanced for as long as one likes, put aside, gone on with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import msgspec
import numpy as np
from numpy.typing import NDArray

from umtn_core.coding import Coding
from umtn_core.decode.decode import Decode
from umtn_core.decode.sampling import check_seed
from umtn_core.decode.saving import save
from umtn_core.errors import UmtnError
from umtn_core.finishing import Finish
from umtn_core.progress import IsCancelled, OnProgress, Progress
from umtn_core.recording import Audio, Recording, Signal
from umtn_core.segments.plan import Segment


@dataclass(frozen=True)
class Source:
    """A recording to be translated.

    Parameters
    ----------
    audio : float32 array (channels, samples) or (samples,)
    sample_rate
        The audio's rate in hertz.
    seed
        0 to 2^64 - 1; None, the translator's. Recordings of different seeds are decoded
        together as well as those of one.

    Raises
    ------
    UmtnError
        If there is no such seed.
    """

    audio: Audio
    sample_rate: int
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.seed is not None:
            check_seed(self.seed)

    def seeded(self, default: int) -> int:
        """Return its seed, or the one to take if it has none."""
        return default if self.seed is None else self.seed


class SavedPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is saved with a translation's decode.

    Parameters
    ----------
    work
        Names the audio and the options, see `name_of`.
    segments
        The segments of each signal that sounds; their streams lie one after another in the decode.
    """

    work: str
    segments: tuple[tuple[Segment, ...], ...]

    def fits(self, decode: Decode) -> bool:
        """Whether a decode has just these segments' streams."""
        lengths = [each.end - each.begin for segments in self.segments for each in segments]
        return lengths == [state.request.samples for state in decode.states]


class Translation:
    """Recordings on their way to another instrument; made by `Translator.begin`.

    Interrupted, saved and resumed as often as one likes, it gives the very samples of one that was
    left to run.

    Parameters
    ----------
    recordings
        The recordings, taken apart.
    decode
        The streams of all their segments, in the order that the note has.
    note
        What is saved with the decode.
    coding
        How codes become audio.
    finish
        How decoded audio becomes a recording again.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        decode: Decode,
        note: SavedPlan,
        coding: Coding,
        finish: Finish,
    ):
        self._recordings = recordings
        self._decode = decode
        self._note = note
        self._coding = coding
        self._finish = finish

    @property
    def done(self) -> bool:
        """Whether there is nothing left to decode."""
        return self._decode.done

    def advance(
        self,
        seconds: float | None = None,
        *,
        progress: OnProgress | None = None,
        cancelled: IsCancelled | None = None,
    ) -> None:
        """Decode.

        Parameters
        ----------
        seconds
            Stop after about so long on the clock; None, once it is done.
        progress
            Called about 20 times a second with a `umtn_core.progress.Progress` of the whole.
        cancelled
            Asked as often; once it says yes, work ends within a tenth of a second.

        Raises
        ------
        Cancelled
            What was decoded is kept, and a later call goes on from there.
        UmtnError
            If the network's output is not a number.
        """
        if self.done and progress is not None:
            progress(Progress(1.0))
        self._decode.advance(seconds=seconds, progress=progress, cancelled=cancelled)

    def save(self) -> bytes:
        """Put its state into bytes, for `Translator.resume`; not while it advances."""
        return save(self._decode, msgspec.json.encode(self._note))

    def finish(self, *, cancelled: IsCancelled | None = None) -> list[Audio]:
        """Return the translated recordings, each of the form that its source had.

        Parameters
        ----------
        cancelled
            Asked about 20 times a second while a post-filter works; work ends once it says yes.

        Raises
        ------
        Cancelled
        UmtnError
            If it is not done.
        """
        if not self.done:
            raise UmtnError("The translation is not finished yet; advance it until it is done.")
        for signal, (parts, segments) in zip(self._sounding(), self.parts(), strict=True):
            signal.translated = self._finish.signal(signal, parts, segments, cancelled)
        return [self._finish.recording(recording) for recording in self._recordings]

    def parts(self) -> list[tuple[list[Audio], tuple[Segment, ...]]]:
        """Return what was decoded of each signal that sounds, segment by segment.

        Returns
        -------
        list of (list of float32 array (samples,), tuple of Segment)
            At the decoders' sample rate and the network's loudness, as far as they are decoded.
        """
        streams = (self._coding.decode(codes) for codes in self._decode.codes)
        return [
            (list(islice(streams, len(segments))), segments) for segments in self._note.segments
        ]

    def _sounding(self) -> Iterator[Signal]:
        if self._finish.mix == 0:
            return iter(())
        return (signal for recording in self._recordings for signal in recording.sounding)


def name_of(options: object, sources: Iterable[Source], seed: int) -> str:
    """Name a piece of work by what decides its samples: a SHA-256.

    Parameters
    ----------
    options
        Anything msgspec can encode.
    sources
        The recordings to be translated.
    seed
        The one of sources that have none.
    """
    digest = hashlib.sha256(msgspec.json.encode(options))
    for source in sources:
        audio: NDArray[np.float32] = np.ascontiguousarray(source.audio, np.float32)
        about = (audio.shape, int(source.sample_rate), source.seeded(seed))
        digest.update(msgspec.json.encode(about))
        digest.update(audio.data)
    return digest.hexdigest()

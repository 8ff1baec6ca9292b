"""A translation under way: advanced for as long as one likes, put aside, gone on with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import cast

import msgspec
import numpy as np

from umtn_core.audio.array import channels_first, sound_of
from umtn_core.audio.sound import Sound
from umtn_core.coding import Coding
from umtn_core.decode.decode import Decode
from umtn_core.decode.sampling import checked_seed
from umtn_core.decode.saving import save
from umtn_core.errors import UmtnError
from umtn_core.finishing import Finish
from umtn_core.progress import IsCancelled, OnProgress, Progress
from umtn_core.recording import Audio, Recording
from umtn_core.rows import Rows
from umtn_core.segments.plan import Segment


@dataclass(frozen=True)
class Source:
    """A recording to be translated.

    Parameters
    ----------
    audio : array that `umtn_core.audio.array.sound_of` takes, or a `umtn_core.audio.sound.Sound`
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

    audio: Audio | Sound
    sample_rate: int
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.seed is not None:
            object.__setattr__(self, "seed", checked_seed(self.seed))

    @property
    def sound(self) -> Sound:
        """It as a sound, checked.

        Raises
        ------
        UmtnError
            If it is an array that is not audio, or has no samples.
        """
        if self._is_sound:
            return cast(Sound, self.audio)
        return sound_of(cast(Audio, self.audio), self.sample_rate)

    @property
    def form(self) -> tuple[int, ...]:
        """The shape that its result has."""
        if self._is_sound:
            return self.sound.channels, self.sound.samples
        return np.asarray(self.audio).shape

    @property
    def _is_sound(self) -> bool:
        # An open file can be read from as well, and is neither a sound nor an array.
        return hasattr(self.audio, "read") and hasattr(self.audio, "channels")

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

    def fits(self, samples: Sequence[int]) -> bool:
        """Whether these are segments of signals of which so many samples are made."""
        return len(samples) == len(self.segments) and all(
            segments
            and segments[-1].end == made
            and all(0 <= each.begin <= each.cut <= each.end <= made for each in segments)
            for segments, made in zip(self.segments, samples, strict=True)
        )


class Translation:
    """Recordings on their way to another instrument; made by `Translator.begin`.

    Interrupted, saved and resumed as often as one likes, it gives the very samples of one that was
    left to run.

    Parameters
    ----------
    recordings
        The recordings, taken apart, each with the form that its result is to have.
    decode
        The streams of all their segments, in their order.
    plans
        The segments of each signal that sounds; their streams lie one after another in the decode.
    name
        Called, once it is to be saved, for the name of the work, see `name_of`.
    coding
        How codes become audio.
    finish
        How decoded audio becomes a recording again.
    codes
        Where the codes of all streams are put; kept beside what is saved if it is a file of its
        own.

    Attributes
    ----------
    remarks : list of str
        What of each recording the model was not taught: a sentence, or nothing.
    """

    def __init__(
        self,
        recordings: Sequence[tuple[Recording, tuple[int, ...]]],
        decode: Decode,
        plans: Sequence[tuple[Segment, ...]],
        name: Callable[[], str],
        coding: Coding,
        finish: Finish,
        codes: Rows,
        remarks: Sequence[str] = (),
    ):
        self._recordings = recordings
        self._decode = decode
        self._plans = tuple(plans)
        self._name = name
        self._coding = coding
        self._finish = finish
        self._codes = codes
        self.remarks = list(remarks)

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
        """Put its state into bytes, for `Translator.resume`; not while it advances.

        What was decoded so far is among it while that is little; then it is in the file that
        `Translator.begin` was told of, if it was, and the state is as large however long the
        recordings are.

        Raises
        ------
        OSError
            If what was decoded cannot be brought to the disk.
        """
        if self._codes.is_kept:
            self._codes.sync()
        leave_out = ("latents", "codes") if self._codes.is_kept else ("latents",)
        note = msgspec.json.encode(SavedPlan(self._name(), self._plans))
        return save(self._decode, note, leave_out=leave_out)

    def finish(self, *, cancelled: IsCancelled | None = None) -> list[Audio]:
        """Return the translated recordings, each of the form that its source had.

        Parameters
        ----------
        cancelled
            Asked about 20 times a second; work ends once it says yes.

        Raises
        ------
        Cancelled
        UmtnError
            If it is not done.
        """
        results = []
        for (_, form), blocks in zip(self._recordings, self.results(cancelled), strict=True):
            result = np.empty(form, np.float32)
            channels, filled = channels_first(result), 0
            for block in blocks:
                channels[:, filled : filled + block.shape[1]] = block
                filled += block.shape[1]
            results.append(result)
        return results

    def results(self, cancelled: IsCancelled | None = None) -> list[Iterator[Audio]]:
        """Return the translated recordings as blocks, which are made as they are taken.

        Parameters
        ----------
        cancelled
            What it is for `finish`.

        Returns
        -------
        list of iterators of float32 array (channels, n)

        Raises
        ------
        Cancelled
            From an iterator.
        UmtnError
            If it is not done.
        """
        if not self.done:
            raise UmtnError("The translation is not finished yet; advance it until it is done.")
        streams = iter(self._decode.states)
        planned = iter(self._plans)
        results = []
        for recording, _ in self._recordings:
            recording.heed(cancelled)
            signals = []
            for signal in [] if self._finish.mix == 0 else recording.sounding:
                segments = next(planned)
                states = islice(streams, len(segments))
                parts = [self._coding.decode_blocks(state.codes) for state in states]
                signals.append(self._finish.signal(signal, parts, segments, cancelled))
            results.append(self._finish.recording(recording, signals))
        return results

    def parts(self) -> list[tuple[list[Audio], tuple[Segment, ...]]]:
        """Return what was decoded of each signal that sounds, segment by segment.

        Returns
        -------
        list of (list of float32 array (samples,), tuple of Segment)
            At the decoders' sample rate and the network's loudness, as far as they are decoded.
        """
        streams = (self._coding.decode(codes) for codes in self._decode.codes)
        return [(list(islice(streams, len(segments))), segments) for segments in self._plans]


def name_of(options: object, sources: Iterable[tuple[Recording, int]]) -> str:
    """Name a piece of work by what decides its samples: a SHA-256.

    Parameters
    ----------
    options
        Anything msgspec can encode.
    sources
        The recordings to be translated, and the seed of each.
    """
    digest = hashlib.sha256(msgspec.json.encode(options))
    for recording, seed in sources:
        sound = recording.sound
        about = (sound.channels, sound.samples, sound.sample_rate, seed)
        digest.update(msgspec.json.encode(about))
        digest.update(recording.digest)
    return digest.hexdigest()

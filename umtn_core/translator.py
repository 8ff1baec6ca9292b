"""From a recording to the same music on another instrument."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.channels import ChannelMode, check_channel_mode
from umtn_core.audio.level import to_reference
from umtn_core.audio.resample import resample
from umtn_core.bundle import Bundle
from umtn_core.decode.choosing.auto import choose, open_for
from umtn_core.decode.choosing.engines import open_engine
from umtn_core.decode.choosing.throughput import throughput
from umtn_core.decode.decode import Decode
from umtn_core.decode.engine import Engine
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.saving import restore, saved_note
from umtn_core.decode.stream import Stream
from umtn_core.encode.latent_encoder import LatentEncoder
from umtn_core.encode.opening import open_encoder
from umtn_core.errors import UmtnError
from umtn_core.finishing import Finish
from umtn_core.postfilter import Postfilter
from umtn_core.postfilter_shape import PostfilterShape
from umtn_core.progress import IsCancelled, OnProgress, Progress
from umtn_core.recording import Audio, Recording, Signal
from umtn_core.segments.count import best_count
from umtn_core.segments.plan import Margins, Segment, plan, samples_made, segment_id
from umtn_core.translation import SavedPlan, Source, Translation, name_of

#: A network makes audio about as loud as what it was trained on. What is so many decibels
#: quieter is a hum or an offset in place of music, and is not brought up all the way.
LARGEST_SHORTFALL = 20.0

#: Semitones that a recording can be transposed by: three octaves.
FARTHEST = 36

#: What is no longer than so many times what a segment decodes besides, is left in one.
WORTH_TIMING = 3


class Translator:
    """Plays recordings on another instrument. Calls like a pedalboard effect.

    Parameters
    ----------
    bundle
        The model: a `Bundle`, the path of one, or the name of an installed one.
    target
        Domain to translate to; may be left out if the model has only one.
    engine
        What decodes, see `decode.choosing.engines`; ``auto``, the fastest of those in which the
        model loses nothing one could hear, timed on this machine at the first translation. So
        it may be of another precision elsewhere, and give other samples: name one where a
        render is to come out the same on other machines.
    segments
        Parts of a long recording that are decoded side by side; 1, one unbroken stream;
        ``auto``, as many as are fastest by the engine's throughput, which is measured the first
        time that it matters. Another number gives other samples, so say one where a render is
        to come out the same on other machines.
    seed, temperature, top_p
        See `umtn_core.decode.sampling.Sampling`. The same seed gives the same samples;
        without a temperature it is the model's own. What the model multiplies that of each
        band by, it multiplies any other by as well.
    mix
        0 gives the input back, 1 the translation only, and between them both.
    channels
        What becomes of several channels, see `umtn_core.audio.channels.ChannelMode`.
    dynamics
        The share of the recording's own dynamics, 0 to 1: with 1 the encoder hears every passage as
        loud as it was taught to, the result is as loud as the recording at every time, and silent
        where that rests; with 0 both have one gain for the whole.
    transpose
        Semitones that the recording is raised by before it is encoded, -36 to 36; ``octave``, the
        whole octaves that bring most of it into the range that the model was taught.
    postfilter
        Take the decoder's noise out, where the model has a post-filter for the target. It
        changes no sample that is drawn.
    threads
        The number of threads that decode at once; None, one for each core this process may use.

    Raises
    ------
    UmtnError
        If the model, the target or an option is not valid.
    """

    def __init__(
        self,
        bundle: Bundle | str | Path,
        target: str | None = None,
        *,
        engine: str = "auto",
        segments: int | Literal["auto"] = "auto",
        seed: int = 0,
        temperature: float | None = None,
        top_p: float = 1.0,
        mix: float = 1.0,
        channels: ChannelMode = "auto",
        dynamics: float = 1.0,
        transpose: int | Literal["octave"] = 0,
        postfilter: bool = True,
        threads: int | None = None,
    ):
        self.bundle = bundle if isinstance(bundle, Bundle) else Bundle.open(bundle)
        self.target = _chosen(self.bundle, target)
        if temperature is None:
            temperature = self.bundle.manifest.temperature
        by_band = self.bundle.manifest.band_temperatures
        self.sampling = Sampling(seed, temperature, top_p, by_band)
        if not 0 <= mix <= 1:
            raise UmtnError(f"The mix must be from 0 (dry) to 1 (wet), not {mix}.")
        if segments != "auto" and (type(segments) is not int or segments < 1):
            raise UmtnError(f"Segments must be auto, or a whole number from 1, not {segments!r}.")
        self.segments = segments
        check_channel_mode(channels)
        if not 0 <= dynamics <= 1:
            raise UmtnError(f"The dynamics must be from 0 (none) to 1 (all), not {dynamics}.")
        if transpose != "octave" and (type(transpose) is not int or abs(transpose) > FARTHEST):
            raise UmtnError(
                f"Transpose by octave, or a whole number of semitones from -{FARTHEST} to "
                f"{FARTHEST}, not {transpose!r}."
            )
        self.mix = mix
        self.dynamics = dynamics
        self.transpose = transpose
        self.channels = channels
        self.coding = self.bundle.coding(self.target)
        self._encoder: LatentEncoder | None = None
        self.postfilter = postfilter
        self._postfilter: Postfilter | None = None
        self._threads = threads
        self._is_auto = engine == "auto"
        self._opened: Engine | None = None
        # With auto, engines are looked for and timed: not before there is something to decode.
        if not self._is_auto:
            self._opened = open_engine(engine, self.bundle, self.target, threads)

    def _engine(self, cancelled: IsCancelled | None = None) -> Engine:
        """Return what decodes; with auto, it is chosen now."""
        if self._opened is None:
            chosen = choose(self.bundle, self.target, self.segments, cancelled=cancelled)
            self._opened = open_engine(chosen.engine, self.bundle, self.target, self._threads)
        return self._opened

    def _encode(
        self, engine: Engine, audio: Audio, cancelled: IsCancelled | None
    ) -> NDArray[np.float32]:
        if self._encoder is None:
            self._encoder = open_encoder(self.bundle, engine.encoder_precision, self._threads)
        return self._encoder.encode(audio, cancelled=cancelled)

    def __call__(
        self,
        audio: Audio,
        sample_rate: int,
        *,
        progress: OnProgress | None = None,
        cancelled: IsCancelled | None = None,
    ) -> Audio:
        """Translate a recording.

        Parameters
        ----------
        audio : float32 array (channels, samples) or (samples,)
        sample_rate
            The audio's rate in hertz.
        progress
            Called about 20 times a second with a `umtn_core.progress.Progress`.
        cancelled
            Asked as often; work ends once it says yes.

        Returns
        -------
        float32 array
            Of the input's shape, starting at the same instant and about as loud; its
            peak is at most 1, or the input's if that is higher. Silence stays silence.

        Raises
        ------
        UmtnError
            If the audio has no samples, or some that are not numbers.
        Cancelled
        """
        (translated,) = self.translate_many(
            [(audio, sample_rate)], progress=progress, cancelled=cancelled
        )
        return translated

    def translate_many(
        self,
        recordings: Sequence[tuple[Audio, int]],
        *,
        progress: OnProgress | None = None,
        cancelled: IsCancelled | None = None,
    ) -> list[Audio]:
        """Translate several recordings, decoding them together.

        Each comes out as it would by itself; together they take less time.

        Parameters
        ----------
        recordings
            Audio and sample rate of each, as for a single one.
        progress, cancelled
            What they are for a single one, for all of them together.

        Returns
        -------
        list of float32 array
        """
        if progress is not None:
            progress(Progress(0.0))
        translation = self.begin([Source(*each) for each in recordings], cancelled=cancelled)
        translation.advance(progress=progress, cancelled=cancelled)
        return translation.finish(cancelled=cancelled)

    def begin(
        self, sources: Sequence[Source], *, cancelled: IsCancelled | None = None
    ) -> Translation:
        """Begin to translate recordings together: check and encode them.

        Parameters
        ----------
        sources
            The recordings to be translated.
        cancelled
            Asked about 20 times a second; work ends once it says yes.

        Returns
        -------
        Translation
            To be advanced and finished. Each comes out as it would by itself.

        Raises
        ------
        UmtnError
            If one has no samples, or some that are not numbers.
        Cancelled
        """
        recordings = self._recordings(sources)
        engine = self._engine(cancelled)
        plans: list[tuple[Segment, ...]] = []
        streams: list[Stream] = []
        for source, recording in zip(sources, recordings, strict=True):
            signals = self._wanted(recording)
            for signal in signals:
                audio = self._heard(signal)
                samples = samples_made(len(audio), self.bundle.shape)
                count = self._segment_count(engine, samples, len(signals), cancelled)
                plans.append(plan(audio, self.bundle.shape, count))
                latents = self._encode(engine, audio, cancelled)
                seed = source.seeded(self.sampling.seed)
                streams += self._streams(plans[-1], latents, signal.id, seed)
        decode = Decode(engine, streams, self.sampling)
        note = SavedPlan(self._name(sources), tuple(plans))
        return Translation(recordings, decode, note, self.coding, self._finish())

    def resume(self, sources: Sequence[Source], saved: bytes) -> Translation:
        """Go on with a translation that was saved.

        Parameters
        ----------
        sources
            The same as it was begun with.
        saved
            What `Translation.save` returned, in this process or another; its translator had the
            same model, target and options, threads apart.

        Returns
        -------
        Translation

        Raises
        ------
        UmtnError
            If the saved state is damaged, of other work, or of another precision than the
            engine that was asked for; with ``auto`` it goes on in its own.
        """
        recordings = self._recordings(sources)
        text, precision = saved_note(saved)
        try:
            note = msgspec.json.decode(text, type=SavedPlan)
        except msgspec.DecodeError as error:
            raise UmtnError("The saved translation is damaged; start it again.") from error
        if note.work != self._name(sources):
            raise UmtnError(
                "The saved translation is of other audio, or was begun with other options or "
                "another model; start it again."
            )
        decode = restore(self._going_on(precision), saved)
        if not note.fits(decode):
            raise UmtnError("The saved translation is damaged; start it again.")
        return Translation(recordings, decode, note, self.coding, self._finish())

    def _going_on(self, precision: str) -> Engine:
        """Return an engine for a saved decode: with auto, one of the precision it was begun in."""
        opened = self._opened
        if not self._is_auto or (opened is not None and opened.precision == precision):
            return self._engine()
        return open_for(precision, self.bundle, self.target, self._threads)

    def _finish(self) -> Finish:
        """Return what brings decoded audio to its end."""
        quietest = self.bundle.manifest.reference_loudness - LARGEST_SHORTFALL
        found = self.bundle.postfilter(self.target) if self.postfilter else None
        opened = None if found is None else partial(self._opened_postfilter, *found)
        return Finish(self.bundle.shape.output_rate, quietest, self.mix, opened)

    def _opened_postfilter(self, graph: bytes, shape: PostfilterShape) -> Postfilter:
        """Open the target's post-filter, once."""
        if self._postfilter is None:
            self._postfilter = Postfilter(graph, shape, self._threads)
        return self._postfilter

    def _recordings(self, sources: Sequence[Source]) -> list[Recording]:
        return [Recording.of(each.audio, each.sample_rate, self.channels) for each in sources]

    def _wanted(self, recording: Recording) -> list[Signal]:
        return recording.sounding if self.mix > 0 else []

    def _heard(self, signal: Signal) -> Audio:
        """Bring a signal to the network's sample rate and loudness."""
        rate = self.bundle.shape.sample_rate
        audio = resample(signal.audio, signal.sample_rate, rate)
        return to_reference(audio, rate, self.bundle.manifest.reference_loudness)

    def _segment_count(
        self, engine: Engine, samples: int, signals: int, cancelled: IsCancelled | None
    ) -> int:
        """Decide how many segments signals are cut into of which so many samples are made."""
        if self.segments != "auto":
            return self.segments
        margins = Margins.of(self.bundle.shape)
        if samples < WORTH_TIMING * margins.overhead:
            return 1
        rates = throughput(engine, cancelled=cancelled)
        return best_count(samples, signals, margins, rates)

    def _streams(
        self, segments: Sequence[Segment], latents: NDArray[np.float32], signal: int, seed: int
    ) -> Iterator[Stream]:
        """Ask the decoder for the segments of one signal."""
        hop = self.bundle.shape.output_hop
        for i, part in enumerate(segments):
            frames = latents[:, part.begin // hop : -(-part.end // hop)]
            yield Stream(frames, part.end - part.begin, segment_id(signal, i), seed)

    def _name(self, sources: Sequence[Source]) -> str:
        """Name the work that these sources are for this translator."""
        sampling: tuple[object, ...] = (self.sampling.temperature, self.sampling.top_p)
        if self.bundle.shape.bands > 1:
            # The graphs, whose checksums name the rest, know nothing of these.
            sampling += (self.sampling.band_temperatures, self.coding.gains)
        how = (self.mix, self.channels, self.segments)
        options: tuple[object, ...] = (self.bundle.manifest.files, self.target, sampling, how)
        if (found := self.bundle.postfilter(self.target)) is not None:
            options += (self.postfilter and found[1],)
        return name_of(options, sources, self.sampling.seed)


def _chosen(bundle: Bundle, target: str | None) -> str:
    if target is None and len(bundle.domains) == 1:
        return bundle.domains[0]
    if target is None:
        raise UmtnError(f"Say what to translate to; the model has {', '.join(bundle.domains)}.")
    if target not in bundle.domains:
        raise UmtnError(
            f"The model {bundle.name} cannot translate to {target!r}; "
            f"it can to {', '.join(bundle.domains)}."
        )
    return target

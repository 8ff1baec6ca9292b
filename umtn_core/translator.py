"""From a recording to the same music on another instrument."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from umtn_core.audio.channels import ChannelMode, channel_mode_meant
from umtn_core.audio.sound import Sound
from umtn_core.bundle import Bundle
from umtn_core.decode.choosing.auto import choose, open_for
from umtn_core.decode.choosing.engine_names import engine_meant
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
from umtn_core.hearing import Hearing, Signal
from umtn_core.options import (
    checked_name,
    checked_segments,
    checked_share,
    checked_switch,
    checked_threads,
    checked_transpose,
)
from umtn_core.postfilter import Postfilter
from umtn_core.postfilter_shape import PostfilterShape
from umtn_core.progress import IsCancelled, OnProgress, Progress
from umtn_core.recording import Audio, Recording
from umtn_core.rows import Frames, Rows, Stretch, are_there
from umtn_core.scope.listening import listen
from umtn_core.scope.remark import remark, semitones_of
from umtn_core.segments.count import best_count
from umtn_core.segments.plan import Margins, Segment, plan_by_levels, samples_made, segment_id
from umtn_core.segments.quiet import QuietMeter
from umtn_core.stage import BLOCK
from umtn_core.translation import SavedPlan, Source, Translation, name_of
from umtn_core.values import shown

#: A network makes audio about as loud as what it was trained on. What is so many decibels
#: quieter is a hum or an offset in place of music, and is not brought up all the way.
LARGEST_SHORTFALL = 20.0

#: What is said of a recording that holds nothing to be translated.
SILENT = (
    "Nothing in this recording is long and loud enough to be taken for music, so the result is "
    "silent; see that the right input was recorded, or raise it."
)

#: What is no longer than so many times what a segment decodes besides, is left in one.
WORTH_TIMING = 3


class Translator:
    """Plays recordings on another instrument. Calls like a pedalboard effect.

    Parameters
    ----------
    bundle
        The model: a `Bundle`, the path of one, or the name of an installed one.
    target
        Domain to translate to, see `umtn_core.bundle.manifest.Manifest.domain_meant`; may be left
        out if the model has only one.
    engine
        What decodes, see `decode.choosing.engine_names`; ``auto``, the fastest of those in which
        the model loses nothing one could hear, timed on this machine at the first translation.
        So it may be of another precision elsewhere, and give other samples: name one where a
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
        The number of threads that decode at once, up to 4096; None, one for each core this process
        may use.

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
        self.mix = checked_share(mix, "The mix must be from 0 (dry) to 1 (wet)")
        self.dynamics = checked_share(dynamics, "The dynamics must be from 0 (none) to 1 (all)")
        self.segments = checked_segments(segments)
        self.transpose = checked_transpose(transpose)
        self.channels = channel_mode_meant(channels)
        self.postfilter = checked_switch(postfilter)
        self._threads = checked_threads(threads)
        if temperature is None:
            temperature = self.bundle.manifest.temperature
        by_band = self.bundle.manifest.band_temperatures
        self.sampling = Sampling(seed, temperature, top_p, by_band)
        self.coding = self.bundle.coding(self.target)
        self._encoder: LatentEncoder | None = None
        self._postfilter: Postfilter | None = None
        engine = engine_meant(checked_name(engine, "The engine"))
        self._is_auto = engine == "auto"
        self._opened: Engine | None = None
        # With auto, engines are looked for and timed: not before there is something to decode.
        if not self._is_auto:
            self._opened = open_engine(engine, self.bundle, self.target, self._threads)

    def _engine(self, cancelled: IsCancelled | None = None) -> Engine:
        """Return what decodes; with auto, it is chosen now."""
        if self._opened is None:
            chosen = choose(self.bundle, self.target, self.segments, cancelled=cancelled)
            self._opened = open_engine(chosen.engine, self.bundle, self.target, self._threads)
        return self._opened

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
        audio : array of floating-point numbers
            (channels, samples), (samples, channels) or (samples,), see
            `umtn_core.audio.array.sound_of`.
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
            If the audio has no samples, or some that are not numbers, or not this form.
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
        translation = self.begin(_sources(recordings), cancelled=cancelled)
        translation.advance(progress=progress, cancelled=cancelled)
        return translation.finish(cancelled=cancelled)

    def begin(
        self,
        sources: Sequence[Source],
        *,
        cancelled: IsCancelled | None = None,
        scratch: Path | None = None,
        codes_path: Path | None = None,
    ) -> Translation:
        """Begin to translate recordings together: check and encode them.

        Parameters
        ----------
        sources
            The recordings to be translated.
        cancelled
            Asked about 20 times a second; work ends once it says yes.
        scratch
            The folder of files for what does not fit into memory, which have no names; None, the
            system's folder for such files.
        codes_path
            The path of a file that much of what is decoded is put into and stays in, so that what
            `Translation.save` gives stays small; None, it is part of that.

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
        works = self._taken(sources, scratch, cancelled)
        engine = self._engine(cancelled)
        self._encode(engine, works, cancelled)
        plans = [
            self._planned(engine, signal, len(work.signals), cancelled)
            for work in works
            for signal in work.signals
        ]
        codes = self._room_for_codes(plans, scratch, codes_path)
        decode = Decode(engine, self._streams(works, plans, codes), self.sampling)
        return self._translation(works, decode, plans, codes, scratch)

    def resume(
        self,
        sources: Sequence[Source],
        saved: bytes,
        *,
        cancelled: IsCancelled | None = None,
        scratch: Path | None = None,
        codes_path: Path | None = None,
    ) -> Translation:
        """Go on with a translation that was saved. Its recordings are encoded again.

        Parameters
        ----------
        sources
            The same as it was begun with.
        saved
            What `Translation.save` returned, in this process or another; its translator had the
            same model, target and options, threads apart.
        cancelled, scratch, codes_path
            What they are for `begin`; the path, that with which it was begun.

        Returns
        -------
        Translation

        Raises
        ------
        UmtnError
            If the saved state is damaged, of other work, or of another precision than the
            engine that was asked for; with ``auto`` it goes on in its own.
        Cancelled
        """
        text, precision = saved_note(saved)
        try:
            note = msgspec.json.decode(text, type=SavedPlan)
        except msgspec.DecodeError as error:
            raise UmtnError("The saved translation is damaged; start it again.") from error
        works = self._taken(sources, scratch, cancelled)
        if note.work != self._name(works):
            raise UmtnError(
                "The saved translation is of other audio, or was begun with other options or "
                "another model; start it again."
            )
        signals = [signal for work in works for signal in work.signals]
        made = [samples_made(signal.heard_samples, self.bundle.shape) for signal in signals]
        total = sum(part.end - part.begin for plan in note.segments for part in plan)
        if not note.fits(made) or not are_there(codes_path, total):
            raise UmtnError("The saved translation is damaged; start it again.")
        engine = self._going_on(precision)
        self._encode(engine, works, cancelled)
        codes = self._room_for_codes(note.segments, scratch, codes_path)
        decode = restore(engine, saved, self._streams(works, note.segments, codes))
        return self._translation(works, decode, note.segments, codes, scratch)

    def _going_on(self, precision: str) -> Engine:
        """Return an engine for a saved decode: with auto, one of the precision it was begun in."""
        opened = self._opened
        if not self._is_auto or (opened is not None and opened.precision == precision):
            return self._engine()
        return open_for(precision, self.bundle, self.target, self._threads)

    def _translation(
        self,
        works: Sequence[_Work],
        decode: Decode,
        plans: Sequence[tuple[Segment, ...]],
        codes: Rows,
        scratch: Path | None,
    ) -> Translation:
        """Put a translation together that is to be advanced."""
        quietest = self.bundle.manifest.reference_loudness - LARGEST_SHORTFALL
        found = self.bundle.postfilter(self.target) if self.postfilter else None
        opened = None if found is None else partial(self._opened_postfilter, *found)
        rate = self.bundle.shape.output_rate
        return Translation(
            [(work.recording, work.form) for work in works],
            decode,
            plans,
            partial(self._name, works),
            self.coding,
            Finish(rate, quietest, self.mix, opened, scratch),
            codes,
            [work.remark for work in works],
        )

    def _opened_postfilter(self, graph: bytes, shape: PostfilterShape) -> Postfilter:
        """Open the target's post-filter, once."""
        if self._postfilter is None:
            self._postfilter = Postfilter(graph, shape, self._threads)
        return self._postfilter

    def _taken(
        self, sources: Sequence[Source], scratch: Path | None, cancelled: IsCancelled | None
    ) -> list[_Work]:
        """Check recordings, and take in what of them is to be heard."""
        manifest = self.bundle.manifest
        works = []
        for source in sources:
            recording = Recording(source.sound, self.channels, cancelled)
            work = _Work(recording, source.form, source.seeded(self.sampling.seed))
            if self.mix > 0:
                semitones, work.remark = self._listened(recording.sound)
                recording.hear(
                    Hearing(
                        self.bundle.shape.sample_rate,
                        manifest.reference_loudness,
                        self.dynamics,
                        semitones,
                        scratch,
                    )
                )
                work.signals = recording.sounding
                if not work.signals:
                    work.remark = SILENT
            works.append(work)
        return works

    def _listened(self, sound: Sound) -> tuple[int, str]:
        """Decide the semitones that a recording is raised by, and say what of it is not taught."""
        scope = self.bundle.manifest.scope
        findings = listen(sound.read, sound.samples, sound.sample_rate)
        semitones = semitones_of(self.transpose, findings, scope)
        return semitones, remark(findings, scope, semitones)

    def _encode(
        self, engine: Engine, works: Sequence[_Work], cancelled: IsCancelled | None
    ) -> None:
        """Encode the signals of all recordings, one after another."""
        shape = self.bundle.shape
        for work in works:
            for signal in work.signals:
                # Opened by the first that there is: of silence, nothing is encoded.
                if self._encoder is None:
                    precision = engine.encoder_precision
                    self._encoder = open_encoder(self.bundle, precision, self._threads)
                frames = -(-signal.heard_samples // shape.hop)
                latents = Rows(frames, shape.latent_channels, folder=signal.hearing.folder)
                self._encoder.encode_from(
                    signal.heard, signal.heard_samples, latents, cancelled=cancelled
                )
                work.latents.append(latents)

    def _planned(
        self, engine: Engine, signal: Signal, signals: int, cancelled: IsCancelled | None
    ) -> tuple[Segment, ...]:
        """Cut one of some signals into segments."""
        shape, context = self.bundle.shape, self.bundle.manifest.context
        samples = samples_made(signal.heard_samples, shape)
        count = self._segment_count(engine, samples, signals, cancelled)
        meter = QuietMeter(shape.sample_rate)
        if count > 1:
            for begin in range(0, signal.heard_samples, BLOCK):
                meter.add(signal.heard(begin, min(begin + BLOCK, signal.heard_samples)))
        return plan_by_levels(meter.powers(), signal.heard_samples, shape, count, context)

    @staticmethod
    def _room_for_codes(
        plans: Sequence[tuple[Segment, ...]], scratch: Path | None, path: Path | None
    ) -> Rows:
        """Make room for the codes of all segments."""
        total = sum(part.end - part.begin for plan in plans for part in plan)
        return Rows(total, dtype=np.uint8, folder=scratch, path=path)

    def _segment_count(
        self, engine: Engine, samples: int, signals: int, cancelled: IsCancelled | None
    ) -> int:
        """Decide how many segments signals are cut into of which so many samples are made."""
        if self.segments != "auto":
            return self.segments
        margins = Margins.of(self.bundle.shape, self.bundle.manifest.context)
        if samples < WORTH_TIMING * margins.overhead:
            return 1
        rates = throughput(engine, cancelled=cancelled)
        return best_count(samples, signals, margins, rates)

    def _streams(
        self, works: Sequence[_Work], plans: Sequence[tuple[Segment, ...]], codes: Rows
    ) -> list[Stream]:
        """Ask the decoder for the segments of all signals."""
        hop = self.bundle.shape.output_hop
        planned, streams, filled = iter(plans), [], 0
        for work in works:
            for signal, latents in zip(work.signals, work.latents, strict=True):
                for i, part in enumerate(next(planned)):
                    samples = part.end - part.begin
                    streams.append(
                        Stream(
                            Frames(latents, part.begin // hop, -(-part.end // hop)),
                            samples,
                            segment_id(signal.id, i),
                            work.seed,
                            Stretch(codes, filled, filled + samples),
                        )
                    )
                    filled += samples
        return streams

    def _name(self, works: Sequence[_Work]) -> str:
        """Name the work that these are for this translator."""
        sampling: tuple[object, ...] = (self.sampling.temperature, self.sampling.top_p)
        if self.bundle.shape.bands > 1:
            # The graphs, whose checksums name the rest, know nothing of these.
            sampling += (self.sampling.band_temperatures, self.coding.gains)
        how = (self.mix, self.channels, self.segments, self.dynamics, self.transpose)
        options: tuple[object, ...] = (self.bundle.manifest.files, self.target, sampling, how)
        if (found := self.bundle.postfilter(self.target)) is not None:
            options += (self.postfilter and found[1],)
        return name_of(options, ((work.recording, work.seed) for work in works))


@dataclass
class _Work:
    """A recording to be translated, as far as it was prepared."""

    recording: Recording
    form: tuple[int, ...]
    seed: int
    signals: list[Signal] = field(default_factory=list)
    latents: list[Rows] = field(default_factory=list)
    remark: str = ""


def _chosen(bundle: Bundle, target: str | None) -> str:
    if target is not None:
        target = checked_name(target, "The target")
        return bundle.manifest.domain_meant(target, bundle.called)
    if len(bundle.domains) > 1:
        first, *others = bundle.domains
        raise UmtnError(
            f"Say what to translate to, such as --to {first} on the command line; the model "
            f"{bundle.called} plays {', '.join((first, *others))}."
        )
    return bundle.domains[0]


def _sources(recordings: Any) -> list[Source]:
    rule = "Recordings must be a list of pairs, each of audio and its sample rate"
    if not isinstance(recordings, Iterable) or isinstance(recordings, (str, bytes)):
        raise UmtnError(f"{rule}, not {shown(recordings)}.")
    pairs = list(recordings)
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise UmtnError(f"{rule}, not of {shown(pair)}.")
    return [Source(audio, rate) for audio, rate in pairs]

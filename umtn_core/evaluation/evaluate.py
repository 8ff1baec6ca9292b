"""Everything that is measured of a model bundle, on what a store held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.data.store import Store
from umtn_core.errors import UmtnError
from umtn_core.evaluation.heard import RATE, Heard
from umtn_core.evaluation.held_out import Piece, excerpts, held_out_pieces, soundfonts
from umtn_core.evaluation.latent_probe import latent_probe_accuracy
from umtn_core.evaluation.likelihood_figures import likelihood_figures
from umtn_core.evaluation.measure import Direction, measure
from umtn_core.evaluation.real_players import measure_recording, recordings_in_scope
from umtn_core.evaluation.recordings import real_recording
from umtn_core.evaluation.settings import EvaluationSettings, OnStage
from umtn_core.evaluation.summary import LEGEND, means_over_directions
from umtn_core.evaluation.timbre import CLIP_SECONDS, TimbreClassifier
from umtn_core.progress import Progress

Audio = NDArray[np.float32]
#: Translates recordings at 16 kHz to a domain, all together.
Translate = Callable[[str, Sequence[Audio]], Sequence[Audio]]


def evaluate(
    bundle: Bundle,
    store: Store,
    settings: EvaluationSettings | None = None,
    *,
    translate: Translate | None = None,
    progress: OnStage | None = None,
) -> dict[str, Any]:
    """Measure a bundle.

    Parameters
    ----------
    bundle
        The model.
    store
        With paired pieces in the model's domains, and audio of those it was trained on.
    settings
        How thoroughly.
    translate
        In place of the bundle's own translator.
    progress
        Told of every stage.

    Returns
    -------
    dict ready for JSON: see `umtn_core.evaluation.summary.LEGEND`

    Raises
    ------
    UmtnError
        If model and store do not fit, or a package is missing.
    """
    settings = settings or EvaluationSettings()
    say = progress or (lambda stage, done: None)
    domains = [domain for domain in bundle.domains if domain in store.domains]
    if not domains:
        raise UmtnError(
            f"The model {bundle.name} knows {', '.join(bundle.domains)}, and the store has "
            f"none of these but {', '.join(store.domains)}."
        )
    translate = translate or _translator(bundle, settings, say)

    say("learning the instruments", Progress(0.0))
    training = {
        domain: excerpts(store, domain, "train", settings.training_excerpts, CLIP_SECONDS)
        for domain in store.domains
    }
    classifier = TimbreClassifier(training, RATE)
    pieces = {
        font: held_out_pieces(
            store, domains, font, settings.split, pieces=settings.pieces, seconds=settings.seconds
        )
        for font in soundfonts(store)
    }
    players, absent = _players(domains, settings)
    made, played = _translate_all(domains, pieces, players, translate)

    say("measuring", Progress(0.0))
    figures = {
        font: {
            f"{source}->{target}": measure(
                _direction(pieces, font, source, target, made[font, source, target]),
                classifier,
                polyphonic=settings.polyphonic,
            )
            for source, target in _directions(domains)
        }
        for font in pieces
    }
    main = next(iter(pieces))
    recordings = {
        f"{source}->{target}": measure_recording(
            translation,
            players[source],
            [other for name, other in players.items() if name != source],
            target,
            classifier,
            _pitch_range(pieces[main]),
            figures[main][f"{source}->{target}"],
        )
        for (source, target), translation in played.items()
    }
    judged = {
        domain: excerpts(store, domain, settings.split, settings.excerpts, settings.excerpt_seconds)
        for domain in domains
    }
    say("teacher forcing", Progress(0.0))
    return {
        "model": bundle.name,
        "domains": domains,
        "split": settings.split,
        "scope": "polyphonic" if settings.polyphonic else "monophonic",
        "pieces": {font: [piece.name for piece in group] for font, group in pieces.items()},
        "seconds_a_domain": round(sum(_seconds(piece) for piece in pieces[main]), 1),
        "sampling": {
            "seed": settings.seed,
            "temperature": bundle.manifest.temperature
            if settings.temperature is None
            else settings.temperature,
            "top_p": settings.top_p,
        },
        "summary": {font: means_over_directions(each) for font, each in figures.items()},
        "directions": figures,
        "recordings": {"unavailable": absent} if absent else recordings,
        "likelihood": {
            domain: likelihood_figures(bundle, domain, judged[domain], training[domain])
            for domain in domains
        },
        "domain_read_off_latents": {
            "value": round(
                latent_probe_accuracy(bundle, {d: training[d] for d in domains}, judged), 4
            ),
            "floor": round(1.0 / len(domains), 4),
        }
        if len(domains) > 1
        else None,
        "legend": LEGEND,
    }


def _directions(domains: Sequence[str]) -> list[tuple[str, str]]:
    """Ordered pairs of domains; a model of one domain is judged by how it plays it again."""
    pairs = [(a, b) for b in domains for a in domains if a != b]
    return pairs or [(domains[0], domains[0])]


def _seconds(piece: Piece) -> float:
    return len(next(iter(piece.renders.values())).samples) / RATE


def _players(
    domains: Sequence[str], settings: EvaluationSettings
) -> tuple[dict[str, Heard], str | None]:
    """Recordings of real players, and why there are none if so."""
    if not settings.recordings or settings.polyphonic:
        return {}, "not asked for"
    end = None if settings.seconds is None else round(settings.seconds * RATE)
    try:
        found = recordings_in_scope(domains, real_recording)
    except UmtnError as error:
        return {}, str(error)
    if not found:
        return {}, "there is none of these instruments"
    return {name: Heard(heard.samples[:end]) for name, heard in found.items()}, None


def _pitch_range(pieces: Sequence[Piece]) -> tuple[float, float]:
    pitches = [note[2] for piece in pieces for note in piece.notes]
    return (min(pitches), max(pitches)) if pitches else (0.0, 127.0)


def _translate_all(
    domains: Sequence[str],
    pieces: dict[str, list[Piece]],
    players: dict[str, Heard],
    translate: Translate,
) -> tuple[dict[tuple[str, str, str], list[Heard]], dict[tuple[str, str], Heard]]:
    """Translate everything; all that goes to one target is decoded together.

    Returns
    -------
    pieces by (soundfont, source, target), and recordings by (source, target)
    """
    made: dict[tuple[str, str, str], list[Heard]] = {}
    played: dict[tuple[str, str], Heard] = {}
    for target in domains:
        sources = [a for a, b in _directions(domains) if b == target]
        keys = [(font, source, target) for source in sources for font in pieces]
        recorded = [source for source in sources if source in players]
        audio = [
            piece.renders[source].samples for font, source, _ in keys for piece in pieces[font]
        ]
        audio += [players[source].samples for source in recorded]
        translations = iter([Heard(each) for each in translate(target, audio)])
        for key in keys:
            made[key] = [next(translations) for _ in pieces[key[0]]]
        for source in recorded:
            played[source, target] = next(translations)
    return made, played


def _direction(
    pieces: dict[str, list[Piece]],
    font: str,
    source: str,
    target: str,
    translations: list[Heard],
) -> Direction:
    return Direction(
        translations=translations,
        sources=[piece.renders[source] for piece in pieces[font]],
        truths=[piece.renders[target] for piece in pieces[font]],
        notes=[piece.notes for piece in pieces[font]],
        target=target,
        examples=[piece.renders[target] for piece in next(iter(pieces.values()))],
    )


def _translator(bundle: Bundle, settings: EvaluationSettings, say: OnStage) -> Translate:
    from umtn_core.translator import Translator

    def translate(target: str, sources: Sequence[Audio]) -> Sequence[Audio]:
        translator = Translator(
            bundle,
            target,
            engine=settings.engine,
            segments=1,
            seed=settings.seed,
            temperature=settings.temperature,
            top_p=settings.top_p,
            threads=settings.threads,
        )
        return translator.translate_many(
            [(audio, RATE) for audio in sources],
            progress=lambda done: say(f"translating to {target}", done),
        )

    return translate

"""Everything that is measured of a model bundle, on what a store held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from umtn_core.audio.resample import resample
from umtn_core.bundle import Bundle
from umtn_core.data.store import Store
from umtn_core.errors import UmtnError
from umtn_core.evaluation.blending import Blend, blend
from umtn_core.evaluation.latent_probe import Excerpts, latent_probe
from umtn_core.evaluation.likelihood.likelihood_figures import likelihood_figures
from umtn_core.evaluation.listening.heard import RATE, Heard
from umtn_core.evaluation.material.held_out import HeldOutPiece, excerpts
from umtn_core.evaluation.material.real_recordings import real_recording
from umtn_core.evaluation.material.tiers import Make, made_by
from umtn_core.evaluation.measures.direction_figures import Direction, measure
from umtn_core.evaluation.measures.share import figure
from umtn_core.evaluation.measures.timbre import CLIP_SECONDS, TimbreClassifier
from umtn_core.evaluation.real_players import measure_recording, recordings_in_scope
from umtn_core.evaluation.segmented import segment_joins
from umtn_core.evaluation.settings import EvaluationSettings, OnStage
from umtn_core.evaluation.summary import LEGEND, means_over_directions
from umtn_core.evaluation.targets import verdict
from umtn_core.evaluation.translating import Example, Translate, own_translator, translate_all
from umtn_core.progress import Progress


@dataclass(frozen=True)
class Evaluation:
    """What was found, and what it was found in.

    Parameters
    ----------
    report
        Ready for JSON; `umtn_core.evaluation.summary.LEGEND` says what the figures mean.
    examples
        Everything translated.
    blends
        Mixtures of two inputs, for each target.
    """

    report: dict[str, Any]
    examples: list[Example] = field(default_factory=list)
    blends: list[Blend] = field(default_factory=list)


def evaluate(
    bundle: Bundle,
    store: Store,
    settings: EvaluationSettings | None = None,
    *,
    translate: Translate | None = None,
    progress: OnStage | None = None,
) -> Evaluation:
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
        In place of the bundle's own translator; then nothing is blended or joined.
    progress
        Told of every stage; what it raises ends the evaluation.

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
    own = translate is None
    translate = translate or own_translator(bundle, settings, say, store.sample_rate)

    say("learning the instruments", Progress(0.0))
    training = {
        domain: excerpts(store, domain, "train", settings.training_excerpts, CLIP_SECONDS)
        for domain in store.domains
    }
    classifier = TimbreClassifier(_at(RATE, training, store.sample_rate), RATE)
    makes, left_out = made_by(
        store,
        domains,
        settings.split,
        pieces=settings.pieces,
        seconds=settings.seconds,
        sampled=settings.recordings,
    )
    players, absent = _players(domains, settings, store.sample_rate)
    examples = translate_all(domains, makes, players, translate)
    main = makes[0]

    figures: dict[str, dict[str, Any]] = {}
    verdicts: dict[str, dict[str, Any]] = {}
    for make in makes:
        pairs = make.directions(domains)
        figures[make.name], verdicts[make.name] = {}, {}
        for k, (source, target) in enumerate(pairs):
            say(f"measuring {make.name}", Progress(k / len(pairs)))
            direction = _direction(make, main, source, target, examples)
            measured = measure(
                direction, classifier, polyphonic=settings.polyphonic, seed=settings.seed
            )
            figures[make.name][f"{source}->{target}"] = measured
            verdicts[make.name][f"{source}->{target}"] = verdict(make.tier, measured)
    recordings = {
        f"{each.source}->{each.target}": measure_recording(
            each.sounds["translation"],
            each.sounds["source"],
            [other for name, other in players.items() if name != each.source],
            each.target,
            classifier,
            _pitch_range(main.pieces),
            figures[main.name][f"{each.source}->{each.target}"],
        )
        for each in examples
        if each.tier == 3
    }
    judged = {
        domain: excerpts(store, domain, settings.split, settings.excerpts, settings.excerpt_seconds)
        for domain in domains
    }
    blends, joins = _own_renders(bundle, domains, main, settings, say) if own else ([], {})
    say("teacher forcing", Progress(0.0))
    known = {domain: training[domain] for domain in domains}
    made_of, heard_of = (
        [_at(rate, each, store.sample_rate) for each in (judged, known)]
        for rate in (bundle.shape.output_rate, bundle.shape.sample_rate)
    )
    report = {
        "model": bundle.name,
        "domains": domains,
        "split": settings.split,
        "sample_rates": {
            "store": store.sample_rate,
            "heard": bundle.shape.sample_rate,
            "made": bundle.shape.output_rate,
            "judged": RATE,
        },
        "scope": "polyphonic" if settings.polyphonic else "monophonic",
        "tiers": {
            "1": [make.name for make in makes if make.tier == 1],
            "2": [make.name for make in makes if make.tier == 2],
            "left_out": left_out,
        },
        "pieces": {make.name: [piece.name for piece in make.pieces] for make in makes},
        "seconds_a_domain": round(sum(piece.seconds for piece in main.pieces), 1),
        "sampling": {
            "seed": settings.seed,
            "temperature": bundle.manifest.temperature
            if settings.temperature is None
            else settings.temperature,
            "top_p": settings.top_p,
        },
        "verdicts": verdicts,
        "summary": {name: means_over_directions(each) for name, each in figures.items()},
        "directions": figures,
        "recordings": {"unavailable": absent} if absent else recordings,
        "likelihood": {
            domain: likelihood_figures(bundle, domain, made_of[0][domain], made_of[1][domain])
            for domain in domains
        },
        "domain_read_off_latents": None
        if len(domains) < 2
        else {
            **_probe(bundle, heard_of[1], heard_of[0], settings.seed),
            "floor": round(1.0 / len(domains), 4),
        },
        "blending": [each.figures() for each in blends],
        "joins": joins,
        "legend": LEGEND,
    }
    return Evaluation(report, examples, blends)


def _at(rate: int, excerpts: Excerpts, from_rate: int) -> Excerpts:
    """Bring excerpts of each domain to a sample rate."""
    return {
        domain: [resample(audio, from_rate, rate) for audio in each]
        for domain, each in excerpts.items()
    }


def _probe(bundle: Bundle, fitted: Any, judged: Any, seed: int) -> dict[str, Any]:
    found = figure(latent_probe(bundle, fitted, judged), seed=seed)
    return {"value": found["value"], "interval": found["interval"], "ceiling": None}


def _players(
    domains: Sequence[str], settings: EvaluationSettings, rate: int
) -> tuple[dict[str, Heard], str | None]:
    """Recordings of real players, and why there are none if so."""
    if not settings.recordings or settings.polyphonic:
        return {}, "not asked for"
    end = None if settings.seconds is None else round(settings.seconds * rate)
    try:
        found = recordings_in_scope(domains, real_recording, rate)
    except UmtnError as error:
        return {}, str(error)
    if not found:
        return {}, "there is none of these instruments"
    return {name: Heard(heard.full[:end], rate) for name, heard in found.items()}, None


def _pitch_range(pieces: Sequence[HeldOutPiece]) -> tuple[float, float]:
    pitches = [note[2] for piece in pieces for note in piece.notes]
    return (min(pitches), max(pitches)) if pitches else (0.0, 127.0)


def _direction(
    make: Make, main: Make, source: str, target: str, examples: Sequence[Example]
) -> Direction:
    asked = (make.name, source, target)
    chosen = [each for each in examples if (each.make, each.source, each.target) == asked]
    return Direction(
        translations=[each.sounds["translation"] for each in chosen],
        sources=[each.sounds["source"] for each in chosen],
        truths=[each.sounds["truth"] for each in chosen],
        notes=[piece.notes for piece in make.pieces],
        target=target,
        examples=[piece.renders[target] for piece in main.pieces],
    )


def _own_renders(
    bundle: Bundle,
    domains: Sequence[str],
    main: Make,
    settings: EvaluationSettings,
    say: OnStage,
) -> tuple[list[Blend], dict[str, Any]]:
    """What only the bundle's own decoders can be asked: blends, and joins of segments."""
    sources = {target: source for source, target in main.directions(domains)}
    blends = [
        blend(bundle, source, target, (main.pieces[0], main.pieces[1]), settings, say)
        for target, source in sources.items()
        if len(main.pieces) > 1 and not settings.polyphonic
    ]
    joins = {
        target: segment_joins(
            bundle, target, [piece.renders[source] for piece in main.pieces], settings, say
        )
        for target, source in sources.items()
    }
    return blends, joins

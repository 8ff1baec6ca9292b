"""Everything that is measured of a model bundle, on what a store held out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from umtn_core.bundle import Bundle
from umtn_core.data.store import Store
from umtn_core.evaluation.blending import Blend, blend
from umtn_core.evaluation.controlled import Controlled, controlled_renders
from umtn_core.evaluation.gathering import Gathered, at_rate, gather, shared_domains
from umtn_core.evaluation.latent_probe import Excerpts, latent_probe
from umtn_core.evaluation.likelihood.likelihood_figures import likelihood_figures
from umtn_core.evaluation.listening.heard import RATE, Heard
from umtn_core.evaluation.measures.share import figure
from umtn_core.evaluation.measures.timbre import TimbreClassifier
from umtn_core.evaluation.measuring import measure_directions, measure_recordings, verdicts
from umtn_core.evaluation.segmented import segment_joins
from umtn_core.evaluation.settings import EvaluationSettings, OnStage
from umtn_core.evaluation.summary import LEGEND, means_over_directions
from umtn_core.evaluation.translating import Example, Translate, own_translator, translate_all
from umtn_core.progress import Progress


@dataclass(frozen=True)
class Evaluation:
    """What was found, and what it was found in.

    Parameters
    ----------
    report
        All figures, ready for JSON; `umtn_core.evaluation.summary.LEGEND` says what they mean.
    examples
        Every piece and recording that was translated.
    blends
        Mixtures of two inputs, for each target.
    swells
        A piece that was made to swell, for each target: ``source``, ``translation``, ``truth``.
    """

    report: dict[str, Any]
    examples: list[Example] = field(default_factory=list)
    blends: list[Blend] = field(default_factory=list)
    swells: dict[str, dict[str, Heard]] = field(default_factory=dict)


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
        The model that is measured.
    store
        A store with paired pieces in the model's domains, and audio of those it was trained on.
    settings
        What is measured, and how thoroughly.
    translate
        What translates in place of the bundle's own translator; then nothing is blended or joined.
    progress
        A function that is told of every stage; what it raises ends the evaluation.

    Raises
    ------
    UmtnError
        If model and store do not fit, or a package is missing.
    """
    settings = settings or EvaluationSettings()
    say = progress or (lambda stage, done: None)
    domains = shared_domains(bundle, store)

    say("learning the instruments", Progress(0.0))
    gathered = gather(store, domains, settings)
    classifier = TimbreClassifier(at_rate(RATE, gathered.training, gathered.rate), RATE)
    examples = translate_all(
        domains,
        gathered.makes,
        gathered.players,
        translate or own_translator(bundle, settings, say, gathered.rate),
    )
    figures = measure_directions(gathered, examples, classifier, settings, say)
    paired = figures[gathered.main.name]
    recordings = measure_recordings(gathered, examples, classifier, paired)
    own = translate is None
    blends, joins, controlled = (
        _own_renders(bundle, gathered, settings, say) if own else ([], {}, {})
    )
    say("teacher forcing", Progress(0.0))
    report = {
        **_setting(bundle, gathered, settings),
        "verdicts": verdicts(gathered.makes, figures),
        "summary": {name: means_over_directions(each) for name, each in figures.items()},
        "directions": figures,
        "recordings": recordings,
        "likelihood": _likelihood(bundle, gathered),
        "domain_read_off_latents": _probe(bundle, gathered, settings.seed),
        "blending": [each.figures() for each in blends],
        "joins": joins,
        "controlled": {target: each.report for target, each in controlled.items()},
        "legend": LEGEND,
    }
    swells = {target: each.swell for target, each in controlled.items()}
    return Evaluation(report, examples, blends, swells)


def _setting(bundle: Bundle, gathered: Gathered, settings: EvaluationSettings) -> dict[str, Any]:
    """How the report's figures were got: what was judged, at which rates, and sampled how."""
    makes, temperature = gathered.makes, settings.temperature
    return {
        "model": bundle.name,
        "domains": gathered.domains,
        "split": settings.split,
        "sample_rates": {
            "store": gathered.rate,
            "heard": bundle.shape.sample_rate,
            "made": bundle.shape.output_rate,
            "judged": RATE,
        },
        "scope": "polyphonic" if settings.polyphonic else "monophonic",
        "tiers": {
            "1": [make.name for make in makes if make.tier == 1],
            "2": [make.name for make in makes if make.tier == 2],
            "left_out": gathered.left_out,
        },
        "pieces": {make.name: [piece.name for piece in make.pieces] for make in makes},
        "seconds_a_domain": round(sum(piece.seconds for piece in gathered.main.pieces), 1),
        "sampling": {
            "seed": settings.seed,
            "temperature": bundle.manifest.temperature if temperature is None else temperature,
            "top_p": settings.top_p,
        },
        "options": {
            "channels": settings.channels,
            "dynamics": settings.dynamics,
            "transpose": settings.transpose,
        },
    }


def _own_renders(
    bundle: Bundle, gathered: Gathered, settings: EvaluationSettings, say: OnStage
) -> tuple[list[Blend], dict[str, Any], dict[str, Controlled]]:
    """What only the bundle's own decoders can be asked: blends, joins of segments, known swells."""
    pieces = gathered.main.pieces
    sources = {target: source for source, target in gathered.main.directions(gathered.domains)}
    blends = [
        blend(bundle, source, target, (pieces[0], pieces[1]), settings, say)
        for target, source in sources.items()
        if len(pieces) > 1 and not settings.polyphonic
    ]
    joins = {
        target: segment_joins(
            bundle, target, [piece.renders[source] for piece in pieces], settings, say
        )
        for target, source in sources.items()
    }
    controlled = {
        target: controlled_renders(bundle, source, target, pieces, settings, say)
        for target, source in sources.items()
    }
    return blends, joins, controlled


def _likelihood(bundle: Bundle, gathered: Gathered) -> dict[str, Any]:
    """Nats a sample of each domain's held-out excerpts, at the decoders' rate."""
    judged, known = _excerpts_at(bundle.shape.output_rate, gathered)
    return {
        domain: likelihood_figures(bundle, domain, judged[domain], known[domain])
        for domain in gathered.domains
    }


def _probe(bundle: Bundle, gathered: Gathered, seed: int) -> dict[str, Any] | None:
    """How often the domain is read off the latents; None where there is one domain only."""
    if len(gathered.domains) < 2:
        return None
    judged, known = _excerpts_at(bundle.shape.sample_rate, gathered)
    found = figure(latent_probe(bundle, known, judged), seed=seed)
    return {
        "value": found["value"],
        "interval": found["interval"],
        "ceiling": None,
        "floor": round(1.0 / len(gathered.domains), 4),
    }


def _excerpts_at(rate: int, gathered: Gathered) -> tuple[Excerpts, Excerpts]:
    """Excerpts of the model's domains at a sample rate: held-out ones, and those of training."""
    known = {domain: gathered.training[domain] for domain in gathered.domains}
    return at_rate(rate, gathered.judged, gathered.rate), at_rate(rate, known, gathered.rate)

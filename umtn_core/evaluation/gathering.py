"""Everything that a model is judged on, read from a store or fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from umtn_core.audio.resample import resample
from umtn_core.bundle import Bundle
from umtn_core.data.store import Store
from umtn_core.errors import UmtnError
from umtn_core.evaluation.latent_probe import Excerpts
from umtn_core.evaluation.listening.heard import Heard
from umtn_core.evaluation.material.held_out import excerpts
from umtn_core.evaluation.material.real_recordings import real_recording
from umtn_core.evaluation.material.tiers import Make, made_by
from umtn_core.evaluation.measures.timbre import CLIP_SECONDS
from umtn_core.evaluation.real_players import recordings_in_scope
from umtn_core.evaluation.settings import EvaluationSettings


@dataclass(frozen=True)
class Gathered:
    """What a model is judged on, and what its judges learn from.

    Parameters
    ----------
    domains
        The model's domains that the store has, in the model's order.
    rate
        The store's samples a second, which all audio here has.
    training
        Excerpts of what every domain of the store was trained on.
    judged
        Held-out excerpts of each of `domains`.
    makes
        The paired pieces; the first make is the soundfont that training audio comes from.
    left_out
        Sentences on the makes that could not be had.
    players
        A real player's recording of each domain that has one.
    no_players
        Why there are no recordings, if there are none.
    """

    domains: list[str]
    rate: int
    training: Excerpts
    judged: Excerpts
    makes: list[Make]
    left_out: list[str]
    players: dict[str, Heard]
    no_players: str | None

    @property
    def main(self) -> Make:
        """The make that training audio comes from."""
        return self.makes[0]

    @property
    def pitch_range(self) -> tuple[float, float]:
        """Lowest and highest MIDI note of the held-out pieces; all notes if they have none."""
        pitches = [note[2] for piece in self.main.pieces for note in piece.notes]
        return (min(pitches), max(pitches)) if pitches else (0.0, 127.0)


def shared_domains(bundle: Bundle, store: Store) -> list[str]:
    """Domains that both a model and a store have, in the model's order.

    Raises
    ------
    UmtnError
        If there is none.
    """
    domains = [domain for domain in bundle.domains if domain in store.domains]
    if not domains:
        raise UmtnError(
            f"The model {bundle.name} knows {', '.join(bundle.domains)}, and the store has "
            f"none of these but {', '.join(store.domains)}."
        )
    return domains


def gather(store: Store, domains: list[str], settings: EvaluationSettings) -> Gathered:
    """Read what is to be judged from a store, and fetch what the store cannot have.

    Parameters
    ----------
    store
        The store, with paired pieces in the domains.
    domains
        The domains that are judged.
    settings
        How much is wanted.

    Raises
    ------
    UmtnError
        If the store has too little.
    """
    training = {
        domain: excerpts(store, domain, "train", settings.training_excerpts, CLIP_SECONDS)
        for domain in store.domains
    }
    judged = {
        domain: excerpts(store, domain, settings.split, settings.excerpts, settings.excerpt_seconds)
        for domain in domains
    }
    makes, left_out = made_by(
        store,
        domains,
        settings.split,
        pieces=settings.pieces,
        seconds=settings.seconds,
        sampled=settings.recordings,
    )
    players, no_players = _players(domains, settings, store.sample_rate)
    return Gathered(
        domains, store.sample_rate, training, judged, makes, left_out, players, no_players
    )


def at_rate(rate: int, given: Excerpts, from_rate: int) -> Excerpts:
    """Bring excerpts of each domain to a sample rate."""
    return {
        domain: [resample(audio, from_rate, rate) for audio in each]
        for domain, each in given.items()
    }


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

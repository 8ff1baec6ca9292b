"""What a model is judged on: unseen scores, unseen timbre, and real recordings.

Tier 1 is held-out pieces on the soundfont that training audio comes from; tier 2 the same pieces
played by what the model has never heard. Tier 3, real players, is in
`umtn_core.evaluation.real_players`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from umtn_core.data.split import Split
from umtn_core.data.store import Store
from umtn_core.errors import UmtnError
from umtn_core.evaluation.listening.heard import Heard
from umtn_core.evaluation.material.held_out import HeldOutPiece, held_out_pieces, soundfonts
from umtn_core.evaluation.material.sampled import UNSEEN, Sampled


@dataclass(frozen=True)
class Make:
    """Pieces as one soundfont or instrument plays them.

    Parameters
    ----------
    name
        The name of the soundfont or instrument.
    tier
        The tier that the pieces belong to: 1 or 2.
    pieces
        The performances, each in every domain.
    sources
        The domains whose renders are of this make; None, all. Others are of tier 1, and only
        truths.
    """

    name: str
    tier: int
    pieces: list[HeldOutPiece]
    sources: tuple[str, ...] | None = None

    def directions(self, domains: Sequence[str]) -> list[tuple[str, str]]:
        """Ordered pairs of domains; a model of one domain is judged by how it plays it again."""
        pairs = [(a, b) for b in domains for a in domains if a != b]
        pairs = pairs or [(domains[0], domains[0])]
        return [(a, b) for a, b in pairs if self.sources is None or a in self.sources]


def made_by(
    store: Store,
    domains: Sequence[str],
    split: Split = "test",
    *,
    pieces: int | None = None,
    seconds: float | None = None,
    sampled: bool = True,
) -> tuple[list[Make], list[str]]:
    """Read the paired pieces of each soundfont, the one that training audio comes from first.

    Where a piano or an organ is among the domains, tier 2 has them played by sampled instruments
    too, if those can be fetched.

    Parameters
    ----------
    store, domains, split, pieces, seconds
        The same as those of `held_out_pieces`.
    sampled
        Whether sampled instruments are wanted.

    Returns
    -------
    what there is, and sentences on what was left out

    Raises
    ------
    UmtnError
        If a soundfont has no pieces in the model's domains.
    """
    makes: list[Make] = []
    for font in soundfonts(store):
        found = held_out_pieces(store, domains, font, split, pieces=pieces, seconds=seconds)
        makes.append(Make(font, 2 if makes else 1, found))
    left_out = []
    if len(makes) < 2:
        left_out.append("The store has pieces of one soundfont only, so timbre was always known.")
    for domain, (name, fetch) in UNSEEN.items():
        if domain not in domains:
            left_out.append(f"{name}: the model has no {domain}.")
        elif not sampled:
            left_out.append(f"{name}: not asked for.")
        else:
            try:
                instrument = fetch()
            except UmtnError as error:
                left_out.append(f"{name}: {error}")
            else:
                played = [_played(piece, domain, instrument) for piece in makes[0].pieces]
                makes.append(Make(name, 2, played, (domain,)))
    return makes, left_out


def _played(piece: HeldOutPiece, domain: str, instrument: Sampled) -> HeldOutPiece:
    rate = piece.renders[domain].rate
    played = Heard(instrument.play(piece.notes, piece.seconds, rate), rate)
    return replace(piece, renders={**piece.renders, domain: played})

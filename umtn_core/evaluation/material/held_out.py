"""What a store keeps for evaluation: paired pieces, and excerpts of each split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umtn_core.data.files import as_floats
from umtn_core.data.split import Split
from umtn_core.data.store import Store
from umtn_core.errors import UmtnError
from umtn_core.evaluation.listening.heard import Heard
from umtn_core.evaluation.listening.note import Note


@dataclass(frozen=True)
class HeldOutPiece:
    """One performance, played identically in every domain.

    Parameters
    ----------
    name
        The name of the piece.
    notes
        The notes that are played: ``(start_s, end_s, midi, velocity)`` each.
    renders
        The audio of each domain.
    """

    name: str
    notes: Sequence[Note]
    renders: dict[str, Heard]

    @property
    def seconds(self) -> float:
        """How long it is."""
        return next(iter(self.renders.values())).seconds


def held_out_pieces(
    store: Store,
    domains: Sequence[str],
    soundfont: str,
    split: Split = "test",
    *,
    pieces: int | None = None,
    seconds: float | None = None,
) -> list[HeldOutPiece]:
    """Read the paired pieces of one soundfont.

    Parameters
    ----------
    store
        The store to read from.
    domains
        The domains that every piece must have been played in.
    soundfont
        The soundfont's name, one of `soundfonts`.
    split
        The split that is read: ``valid`` or ``test``.
    pieces
        The largest number of pieces; None, all.
    seconds
        The longest time that is taken from the start of each piece; None, all of it.

    Raises
    ------
    UmtnError
        If there is none.
    """
    rate = store.sample_rate
    length = None if seconds is None else round(seconds * rate)
    found = []
    for pair in store.pairs(soundfont, split)[:pieces]:
        if not set(domains) <= set(pair.renders):
            continue
        notes = store.notes(pair) if pair.notes else []
        renders = {d: Heard(_audio(store, pair.renders[d], 0, length), rate) for d in domains}
        if seconds is not None:
            notes = [(a, min(b, seconds), p, v) for a, b, p, v in notes if a < seconds]
        found.append(HeldOutPiece(pair.piece, notes, renders))
    if not found:
        raise UmtnError(
            f"The store {store.path} has no {split} pieces played by {soundfont} in "
            f"{', '.join(domains)}: make it with `umtn data synth`."
        )
    return found


def soundfonts(store: Store) -> tuple[str, ...]:
    """Soundfonts of the paired pieces, the one that training audio comes from first."""
    return tuple(dict.fromkeys(pair.soundfont for pair in store.index.pairs))


def excerpts(
    store: Store, domain: str, split: Split, count: int, seconds: float
) -> list[NDArray[np.float32]]:
    """Evenly spread excerpts of one domain, the same ones every time.

    Parameters
    ----------
    store
        The store to read from.
    domain, split
        The domain and the split whose audio is read.
    count
        The number of excerpts; fewer if the audio is too short to hold them without overlap.
    seconds
        The length of each excerpt.

    Returns
    -------
    list of float32 arrays (samples,), full scale 1, at the store's rate

    Raises
    ------
    UmtnError
        If no file is that long.
    """
    length = round(seconds * store.sample_rate)
    places = [
        (entry.path, start)
        for entry in store.files(domain, split)
        for start in range(0, entry.samples - length + 1, length)
    ]
    if not places:
        raise UmtnError(
            f"The store {store.path} has no {split} file of {domain} that lasts {seconds:g} s."
        )
    chosen = np.unique(np.linspace(0, len(places) - 1, min(count, len(places))).round().astype(int))
    return [_audio(store, places[k][0], places[k][1], length) for k in chosen]


def _audio(store: Store, path: str, start: int, length: int | None) -> NDArray[np.float32]:
    end = None if length is None else start + length
    return as_floats(store.read(path)[start:end])

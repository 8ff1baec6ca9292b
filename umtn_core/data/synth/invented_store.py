"""Makes a store of invented music, which can be trained on while it grows."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from umtn_core.data.pool import OnItem, run_all
from umtn_core.data.records import remove_unlisted
from umtn_core.data.store import FileEntry, Index, PairEntry, Skipped, write_index
from umtn_core.data.synth.invented import (
    Fonts,
    InventedPiece,
    invented_pieces,
    piece_entry,
    render_piece,
)
from umtn_core.data.synth.invented_pairs import invented_pairs, pair_entries, render_pair
from umtn_core.data.synth.recipe import Recipe
from umtn_core.errors import UmtnError

#: So often the index is written anew while pieces are made.
INDEX_EVERY_S = 20.0


def make_invented(
    recipe: Recipe, fonts: Fonts, folder: Path, workers: int, progress: OnItem | None
) -> Index:
    """Make what is not finished yet: the held-out pairs first, then the pieces in turn.

    The index is written whenever `INDEX_EVERY_S` have passed, with what is finished by then, and
    at the end.

    Raises
    ------
    UmtnError
        If nothing could be rendered for a domain, or a file cannot be written.
    """
    pairs, failed = _make_pairs(recipe, fonts, folder, workers, progress)
    pieces = invented_pieces(recipe, fonts)
    found = _finished(pieces, recipe, fonts, folder)
    missing = [piece for piece in pieces if piece.path not in found]
    render = partial(render_piece, recipe=recipe, fonts=fonts, folder=folder)
    written, done = time.monotonic(), len(found)
    for piece, reason in run_all(render, missing, workers=workers, kind="processes"):
        done += 1
        if reason is not None:
            failed.append(Skipped(source=piece.path, reason=reason))
        else:
            found |= _finished([piece], recipe, fonts, folder)
        if time.monotonic() - written > INDEX_EVERY_S:
            write_index(folder, _index(recipe, pieces, found, pairs, failed))
            written = time.monotonic()
        if progress is not None:
            progress("audio", done, len(pieces), piece.name)
    _check_domains(recipe, found, failed)
    index = _index(recipe, pieces, found, pairs, failed)
    write_index(folder, index)
    remove_unlisted(folder, _listed(index))
    return index


def _finished(
    pieces: Iterable[InventedPiece], recipe: Recipe, fonts: Fonts, folder: Path
) -> dict[str, FileEntry]:
    """Return what the index says of those pieces that are finished, by path."""
    entries = ((piece, piece_entry(piece, recipe, fonts, folder)) for piece in pieces)
    return {piece.path: entry for piece, entry in entries if entry is not None}


def _check_domains(recipe: Recipe, found: dict[str, FileEntry], failed: list[Skipped]) -> None:
    """Refuse a store in which a domain has no audio."""
    for domain in recipe.domains:
        if not any(entry.domain == domain for entry in found.values()):
            reason = next(item.reason for item in failed if f"/{domain}/" in item.source)
            raise UmtnError(f"Nothing could be rendered for the domain {domain}: {reason}")


def _listed(index: Index) -> list[str]:
    """Return the paths of all audio that an index lists."""
    files = [path for entry in index.files for path in (entry.path, *entry.others)]
    pairs = [(*pair.renders.values(), *pair.sources.values()) for pair in index.pairs]
    return files + [path for paths in pairs for path in paths]


def _make_pairs(
    recipe: Recipe, fonts: Fonts, folder: Path, workers: int, progress: OnItem | None
) -> tuple[list[PairEntry], list[Skipped]]:
    pairs = invented_pairs(recipe, fonts)
    if not pairs:
        return [], []
    missing = [pair for pair in pairs if not pair_entries(pair, recipe, fonts, folder)]
    failed, done = [], len(pairs) - len(missing)
    render = partial(render_pair, recipe=recipe, fonts=fonts, folder=folder)
    for pair, reason in run_all(render, missing, workers=workers, kind="processes"):
        done += 1
        if reason is not None:
            failed.append(Skipped(source=f"the pair {pair.name}", reason=reason))
        if progress is not None:
            progress("pairs", done, len(pairs), pair.name)
    entries = [entry for pair in pairs for entry in pair_entries(pair, recipe, fonts, folder)]
    # All of a soundfont together, the one that training audio comes from first.
    order = recipe.pairs.soundfonts
    names = [fonts[name].name for name in order]
    return sorted(entries, key=lambda entry: names.index(entry.soundfont)), failed


def _index(
    recipe: Recipe,
    pieces: list[InventedPiece],
    found: dict[str, FileEntry],
    pairs: list[PairEntry],
    failed: list[Skipped],
) -> Index:
    ordered = sorted(
        pieces, key=lambda piece: (list(recipe.domains).index(piece.domain), piece.number)
    )
    return Index(
        sample_rate=recipe.sample_rate,
        heard_rate=recipe.others.sample_rate if recipe.others is not None else None,
        files=[found[piece.path] for piece in ordered if piece.path in found],
        skipped=sorted(failed, key=lambda item: item.source),
        pairs=pairs,
    )

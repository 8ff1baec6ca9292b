"""Drives the making of a synthetic data set, from recipe to store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import msgspec

from umtn_core.data.files import sweep_unfinished, write_json
from umtn_core.data.pool import OnItem
from umtn_core.data.records import remove_unlisted
from umtn_core.data.store import (
    INDEX,
    RECIPE,
    FileEntry,
    Index,
    PairEntry,
    Skipped,
    Store,
    write_index,
)
from umtn_core.data.synth.casting import CastPiece, make_plan
from umtn_core.data.synth.invented import INVENTED, others_fonts
from umtn_core.data.synth.invented_store import make_invented
from umtn_core.data.synth.recipe import Recipe
from umtn_core.data.synth.recipe_file import check_recipe, load_recipe
from umtn_core.data.synth.render import find_fluidsynth
from umtn_core.data.synth.renders import RenderTask, render_all, render_task
from umtn_core.data.synth.scores import load_scores
from umtn_core.data.synth.soundfonts import InstalledFont, find_soundfont
from umtn_core.errors import UmtnError

_Fonts = dict[str, InstalledFont]


def synthesise(
    recipe: Recipe | str | os.PathLike[str],
    store: str | os.PathLike[str],
    *,
    workers: int = 1,
    progress: OnItem | None = None,
) -> Store:
    """Make a data set of scores or invented music, played by soundfonts, or finish one.

    The domains share no score (the paper's training needs no pairs, Section 3), and
    the pairs are of scores that no domain has. The same recipe gives the same samples,
    whatever ``workers`` is, and whether or not the work was interrupted. One process at
    a time may work on a store.

    Parameters
    ----------
    recipe
        A recipe, the path of one, or the name of one that comes with the package.
    store
        Folder of the store; what is finished there already is kept, and what the recipe
        no longer asks for is removed at the end.
    workers
        Scores parsed, then renders made, at once.
    progress
        Called as ``progress(stage, done, total, name)``; stages ``scores``, ``audio``
        and ``pairs``.

    Returns
    -------
    the finished store

    Raises
    ------
    UmtnError
        If FluidSynth, a soundfont or music21 is missing, the recipe is not valid or asks
        for more than the scores give, nothing could be rendered for a domain, or a file
        cannot be written.
    """
    if not isinstance(recipe, Recipe):
        recipe = load_recipe(recipe)
    check_recipe(recipe)
    folder = Path(store)
    _refuse_recordings(folder)
    find_fluidsynth()
    fonts = _fonts(recipe)
    if recipe.collections == [INVENTED]:
        # As it is read from a file, where 1 and 1.0 are the same amount.
        recipe = msgspec.convert(msgspec.to_builtins(recipe), Recipe)
        write_json(folder / RECIPE, recipe)
        sweep_unfinished(folder)
        return Store(folder, make_invented(recipe, fonts, folder, workers, progress))
    return Store(folder, _play_scores(recipe, fonts, folder, workers, progress))


def _refuse_recordings(folder: Path) -> None:
    if (folder / INDEX).exists() and not (folder / RECIPE).exists():
        raise UmtnError(
            f"{folder} holds a store of recordings: give synthetic data a folder of its own."
        )


def _play_scores(
    recipe: Recipe, fonts: _Fonts, folder: Path, workers: int, progress: OnItem | None
) -> Index:
    """Make the store of scores that others wrote: read them, cast them, and have them played."""
    scores, unread = load_scores(
        recipe.collections,
        max_pieces=recipe.max_pieces,
        workers=workers,
        progress=None if progress is None else lambda a, b: progress("scores", a, b, ""),
    )
    plan = make_plan(recipe, scores)
    write_json(folder / RECIPE, recipe)
    sweep_unfinished(folder)
    skipped = [Skipped(source=item.name, reason=item.reason) for item in unread]
    files, failed = _make_files(recipe, plan, fonts, folder, workers, progress)
    pairs, failed_pairs = _make_pairs(recipe, plan, fonts, folder, workers, progress)
    _check_domains(recipe, files, failed)
    index = Index(
        sample_rate=recipe.sample_rate,
        files=files,
        skipped=skipped + failed + failed_pairs,
        pairs=pairs,
    )
    write_index(folder, index)
    rendered = [path for pair in pairs for path in pair.renders.values()]
    remove_unlisted(folder, [entry.path for entry in files] + rendered)
    return index


def _check_domains(recipe: Recipe, files: list[FileEntry], failed: list[Skipped]) -> None:
    """Refuse a store in which a domain has no audio."""
    for domain in recipe.domains:
        if not any(entry.domain == domain for entry in files):
            reason = failed[0].reason if failed else "there are no pieces for it"
            raise UmtnError(f"Nothing could be rendered for the domain {domain}: {reason}")


def _fonts(recipe: Recipe) -> _Fonts:
    """Find every soundfont the recipe names, before any work is done."""
    names = {font for domain in recipe.domains.values() for font, _ in domain.instruments}
    names |= others_fonts(recipe)
    if recipe.pairs.count or recipe.pairs.chords:
        names |= set(recipe.pairs.soundfonts)
    return {name: find_soundfont(name) for name in sorted(names)}


def _make_files(
    recipe: Recipe,
    plan: list[CastPiece],
    fonts: _Fonts,
    folder: Path,
    workers: int,
    progress: OnItem | None,
) -> tuple[list[FileEntry], list[Skipped]]:
    """Render the training audio of all domains."""
    tasks = []
    for piece in plan:
        if piece.domain is None or piece.program is None or piece.font is None:
            continue
        font = fonts[piece.font]
        abilities = recipe.domains[piece.domain].abilities
        path = f"audio/{piece.domain}/{piece.name}.npy"
        room = f"room/{piece.domain}"
        tasks.append(render_task(recipe, piece, piece.program, font, path, room, abilities))
    lengths, failed = render_all(
        recipe, tasks, folder, workers=workers, progress=progress, stage="audio"
    )
    files = [
        FileEntry(
            domain=str(task.piece.domain),
            split=task.piece.split,
            path=task.path,
            samples=lengths[task.path],
            source=_source(task.piece),
            licence=task.licence,
            credits=task.credits,
        )
        for task in tasks
        if task.path in lengths
    ]
    return files, failed


class _HeldOut(NamedTuple):
    """A held-out piece in one soundfont, and its renders by domain."""

    piece: CastPiece
    font: InstalledFont
    tasks: dict[str, RenderTask]


def _make_pairs(
    recipe: Recipe,
    plan: list[CastPiece],
    fonts: _Fonts,
    folder: Path,
    workers: int,
    progress: OnItem | None,
) -> tuple[list[PairEntry], list[Skipped]]:
    """Render the held-out pieces in every domain and every soundfont asked for."""
    groups = _held_out(recipe, plan, fonts)
    lengths, failed = render_all(
        recipe,
        [task for group in groups for task in group.tasks.values()],
        folder,
        workers=workers,
        progress=progress,
        stage="pairs",
    )
    pairs = [
        _pair_entry(group, folder)
        for group in groups
        # A pair that lacks a domain is none; `failed` says why.
        if all(task.path in lengths for task in group.tasks.values())
    ]
    return pairs, failed


def _held_out(recipe: Recipe, plan: list[CastPiece], fonts: _Fonts) -> list[_HeldOut]:
    """List the held-out pieces of one soundfont after the other, with what is to be rendered."""
    pieces = [piece for piece in plan if piece.domain is None]
    found = []
    for name in recipe.pairs.soundfonts if pieces else ():
        font = fonts[name]
        for piece in pieces:
            tasks = {}
            for domain, settings in recipe.domains.items():
                path = f"pairs/{font.name}/{piece.name}.{domain}.npy"
                program, abilities = settings.instruments[0][1], settings.abilities
                # One room for a piece, so that domains and fonts differ in nothing else.
                tasks[domain] = render_task(
                    recipe, piece, program, font, path, "room/pair", abilities
                )
            found.append(_HeldOut(piece, font, tasks))
    return found


def _pair_entry(group: _HeldOut, folder: Path) -> PairEntry:
    """Write the notes of a held-out piece, and return what the index says of it."""
    piece, font, tasks = group
    notes = f"pairs/{font.name}/{piece.name}.notes.json"
    rows = [
        [round(n.start, 4), round(n.end, 4), n.pitch, n.velocity] for n in piece.performance.notes
    ]
    write_json(folder / notes, rows)
    return PairEntry(
        piece=piece.name,
        split=piece.split,
        licence=next(iter(tasks.values())).licence,
        source=_source(piece),
        soundfont=font.name,
        notes=notes,
        renders={domain: task.path for domain, task in tasks.items()},
    )


def _source(piece: CastPiece) -> str:
    return f"{piece.score.name} ({piece.score.title})"

"""Drives the making of a synthetic data set, from recipe to store."""

from __future__ import annotations

import os
from pathlib import Path

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
    if (folder / INDEX).exists() and not (folder / RECIPE).exists():
        raise UmtnError(
            f"{folder} holds a store of recordings: give synthetic data a folder of its own."
        )
    find_fluidsynth()
    fonts = _fonts(recipe)
    if recipe.collections == [INVENTED]:
        # As it is read from a file, where 1 and 1.0 are the same amount.
        recipe = msgspec.convert(msgspec.to_builtins(recipe), Recipe)
        write_json(folder / RECIPE, recipe)
        sweep_unfinished(folder)
        return Store(folder, make_invented(recipe, fonts, folder, workers, progress))
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
    for domain in recipe.domains:
        if not any(entry.domain == domain for entry in files):
            reason = failed[0].reason if failed else "there are no pieces for it"
            raise UmtnError(f"Nothing could be rendered for the domain {domain}: {reason}")
    index = Index(
        sample_rate=recipe.sample_rate,
        files=files,
        skipped=skipped + failed + failed_pairs,
        pairs=pairs,
    )
    write_index(folder, index)
    rendered = [path for pair in pairs for path in pair.renders.values()]
    remove_unlisted(folder, [entry.path for entry in files] + rendered)
    return Store(folder, index)


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


def _make_pairs(
    recipe: Recipe,
    plan: list[CastPiece],
    fonts: _Fonts,
    folder: Path,
    workers: int,
    progress: OnItem | None,
) -> tuple[list[PairEntry], list[Skipped]]:
    """Render the held-out pieces in every domain and every soundfont asked for."""
    held_out = [piece for piece in plan if piece.domain is None]
    groups: list[tuple[CastPiece, InstalledFont, dict[str, RenderTask]]] = []
    for name in recipe.pairs.soundfonts if held_out else ():
        font = fonts[name]
        for piece in held_out:
            tasks = {}
            for domain, settings in recipe.domains.items():
                path = f"pairs/{font.name}/{piece.name}.{domain}.npy"
                # One room for a piece, so that domains and fonts differ in nothing else.
                tasks[domain] = render_task(
                    recipe,
                    piece,
                    settings.instruments[0][1],
                    font,
                    path,
                    "room/pair",
                    settings.abilities,
                )
            groups.append((piece, font, tasks))
    lengths, failed = render_all(
        recipe,
        [task for _, _, tasks in groups for task in tasks.values()],
        folder,
        workers=workers,
        progress=progress,
        stage="pairs",
    )
    pairs = []
    for piece, font, tasks in groups:
        if any(task.path not in lengths for task in tasks.values()):
            continue  # a pair that lacks a domain is none; `failed` says why
        notes = f"pairs/{font.name}/{piece.name}.notes.json"
        rows = [
            [round(n.start, 4), round(n.end, 4), n.pitch, n.velocity]
            for n in piece.performance.notes
        ]
        write_json(folder / notes, rows)
        pairs.append(
            PairEntry(
                piece=piece.name,
                split=piece.split,
                licence=next(iter(tasks.values())).licence,
                source=_source(piece),
                soundfont=font.name,
                notes=notes,
                renders={domain: task.path for domain, task in tasks.items()},
            )
        )
    return pairs, failed


def _source(piece: CastPiece) -> str:
    return f"{piece.score.name} ({piece.score.title})"

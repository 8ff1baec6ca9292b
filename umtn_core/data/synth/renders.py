"""Renders pieces into files of a store, each finished one only once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np

from umtn_core.data.files import write_audio
from umtn_core.data.pool import OnItem, run_all
from umtn_core.data.records import finished, write_record
from umtn_core.data.store import Skipped
from umtn_core.data.synth.acoustics import place
from umtn_core.data.synth.casting import CastPiece, generator
from umtn_core.data.synth.fluidsynth import loaded
from umtn_core.data.synth.others import resampled
from umtn_core.data.synth.recipe import Recipe
from umtn_core.data.synth.render import RenderError, render_notes
from umtn_core.data.synth.soundfonts import InstalledFont

#: Raised when rendering changes, so that old audio is made again.
_RENDER_VERSION = 1
#: Quieter than this at its loudest, a render has no notes in it.
_SILENCE = 1e-4


@dataclass(frozen=True)
class RenderTask:
    """One render to be made.

    Parameters
    ----------
    piece
        The cast piece that is played.
    program
        General MIDI program it is played on.
    font
        The soundfont that plays it.
    path
        The path of the file, relative to the store.
    room
        A name that, with the piece, decides the acoustics.
    fingerprint
        A text that changes with anything that decides the samples.
    """

    piece: CastPiece
    program: int
    font: InstalledFont
    path: str
    room: str
    fingerprint: str

    @property
    def licence(self) -> str:
        """Terms of score and soundfont."""
        return f"score: {self.piece.score.licence}; soundfont: {self.font.licence}"

    @property
    def credits(self) -> str:
        """Whom and what to name."""
        played = f"played on {self.font.name} program {self.program}"
        credits = self.piece.score.credits
        return f"{credits}; {played}" if credits else played


def render_task(
    recipe: Recipe,
    piece: CastPiece,
    program: int,
    font: InstalledFont,
    path: str,
    room: str,
    abilities: Collection[str] = (),
) -> RenderTask:
    """Describe one render by an instrument of some abilities; see `RenderTask`."""
    piece = replace(piece, performance=piece.performance.as_played_by(abilities))
    decides: tuple[object, ...] = (
        _RENDER_VERSION,
        recipe.seed,
        recipe.sample_rate,
        recipe.acoustics,
        room,
        program,
        font.name,
        font.path.stat().st_size,
        piece.performance.seconds,
        [(n.start, n.end, n.pitch, n.velocity) for n in piece.performance.notes],
    )
    curves = piece.performance.curves
    if curves is not None:
        decides += tuple(c.tobytes() for c in (curves.bend, curves.gain, curves.pedal))
    fingerprint = hashlib.sha256(msgspec.json.encode(decides)).hexdigest()
    return RenderTask(piece, program, font, path, room, fingerprint)


def render_all(
    recipe: Recipe,
    tasks: list[RenderTask],
    folder: Path,
    *,
    workers: int,
    progress: OnItem | None,
    stage: str,
) -> tuple[dict[str, int], list[Skipped]]:
    """Render what is not finished yet.

    Parameters
    ----------
    recipe
        The recipe, for its acoustics, rate and seed.
    tasks
        The renders that are wanted.
    folder
        The store's folder.
    workers
        The number of renders made at once.
    progress, stage
        Called as ``progress(stage, done, total, name)``.

    Returns
    -------
    the length in samples of every file, by path; and the renders that failed

    Raises
    ------
    UmtnError
        If a file cannot be written.
    """
    lengths: dict[str, int] = {}
    missing = []
    for task in tasks:
        samples = finished(folder, task.path, task.fingerprint)
        if samples is None:
            missing.append(task)
        else:
            lengths[task.path] = samples
    failed: list[Skipped] = []
    done = len(lengths)
    # Threads suffice: the work is FluidSynth's, which is a program of its own.
    for task, outcome in run_all(
        _renderer(recipe, folder), missing, workers=workers, kind="threads"
    ):
        done += 1
        if isinstance(outcome, str):
            failed.append(Skipped(source=f"{task.piece.score.name} in {task.path}", reason=outcome))
        else:
            lengths[task.path] = outcome
        if progress is not None:
            progress(stage, done, len(tasks), task.piece.name)
    failed.sort(key=lambda item: item.source)
    return lengths, failed


def _renderer(recipe: Recipe, folder: Path) -> Callable[[RenderTask], int | str]:
    """Return the function that makes one file: its length, or why there is none."""

    def render(task: RenderTask) -> int | str:
        performance = task.piece.performance
        try:
            if performance.curves is not None:
                dry = loaded(task.font.path).render(performance, task.program)
                dry = resampled(dry, recipe.sample_rate)
            else:
                dry = render_notes(
                    performance.notes,
                    task.program,
                    task.font.path,
                    performance.seconds,
                    recipe.sample_rate,
                )
        except RenderError as error:
            return str(error)
        if float(np.max(np.abs(dry), initial=0.0)) < _SILENCE:
            return "The render is silent: the soundfont may lack the program."
        rng = generator(recipe, task.room, task.piece.score.name)
        wet = place(dry, recipe.sample_rate, recipe.acoustics, rng)
        samples = write_audio(folder / task.path, wet)
        write_record(folder, task.path, task.fingerprint, samples)
        return samples

    return render

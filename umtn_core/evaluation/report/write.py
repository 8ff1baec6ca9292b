"""An evaluation becomes a folder: page, listening sheet, figures, sounds and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from umtn_core.data.files import write_json
from umtn_core.evaluation.blending import WEIGHTS
from umtn_core.evaluation.evaluate import Evaluation
from umtn_core.evaluation.listening.heard import Heard
from umtn_core.evaluation.report.folder import REPORT, whole_folder
from umtn_core.evaluation.report.listening_sheet import write_sheet
from umtn_core.evaluation.report.page import Shown, page
from umtn_core.evaluation.report.pictures import draw_spectrograms
from umtn_core.evaluation.report.sounds import write_sound
from umtn_core.evaluation.report.words import arrow
from umtn_core.evaluation.translating import Example

PAGE = "index.html"
#: Examples of each direction that the page shows.
EXAMPLES = 2
_NAMES = {"source": "source", "translation": "translation", "truth": "real render"}


def write_report(
    path: Path, evaluation: Evaluation, *, seed: int = 0, overwrite: bool = False
) -> Path:
    """Write the folder, whole or not at all.

    Parameters
    ----------
    path
        The path of the folder.
    evaluation
        The evaluation that is written.
    seed
        The seed of the listening sheet.
    overwrite
        Whether an older report may be replaced.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    UmtnError
        If it cannot be written, or something else is there.
    """
    report = evaluation.report
    with whole_folder(path, overwrite=overwrite) as folder:
        shown: dict[tuple[str, str], list[Shown]] = {}
        for name, example in _picked(report["tiers"]["1"], evaluation.examples):
            direction = f"{example.source}->{example.target}"
            each = _show(folder, name, _title(example), example.sounds)
            shown.setdefault((example.make, direction), []).append(each)
        blends = []
        for k, blend in enumerate(evaluation.blends):
            sounds = {}
            for weight, heard in zip(WEIGHTS, blend.mixtures, strict=True):
                sounds[f"{weight:g}"] = f"audio/blend-{k}-{round(100 * weight)}.flac"
                write_sound(folder / sounds[f"{weight:g}"], heard)
            blends.append(Shown(f"blend {k}", sounds))
        swells = [
            _show(folder, f"swell-{target}", f"A swell, to {target}", sounds)
            for target, sounds in evaluation.swells.items()
        ]
        write_sheet(folder, report["model"], evaluation.examples, seed)
        (folder / PAGE).write_text(page(report, shown, blends, swells), encoding="utf-8")
        write_json(folder / REPORT, report)
    return path / PAGE


def _picked(main: Sequence[str], examples: Sequence[Example]) -> list[tuple[str, Example]]:
    """Choose what the page shows: the first pieces of each direction, fewer beyond tier 1."""
    count: dict[tuple[str, str, str], int] = {}
    picked: list[tuple[str, Example]] = []
    for each in examples:
        key = (each.make, each.source, each.target)
        count[key] = count.get(key, 0) + 1
        if count[key] <= (EXAMPLES if each.make in main else 1):
            picked.append((f"{len(picked) + 1:02}-{each.source}-{each.target}", each))
    return picked


def _title(example: Example) -> str:
    if example.tier == 3:
        return f"A real {example.source}"
    return f"{example.piece}, {arrow(f'{example.source}->{example.target}')}"


def _show(folder: Path, name: str, title: str, heard: Mapping[str, Heard]) -> Shown:
    """Write sounds and their picture into a folder, and say where they lie."""
    named = {_NAMES[kind]: heard[kind] for kind in _NAMES if kind in heard}
    sounds = {}
    for about, each in named.items():
        sounds[about] = f"audio/{name}-{about.replace(' ', '-')}.flac"
        write_sound(folder / sounds[about], each)
    picture = f"pictures/{name}.png"
    (folder / "pictures").mkdir(exist_ok=True)
    draw_spectrograms(named, folder / picture)
    return Shown(title, sounds, picture)

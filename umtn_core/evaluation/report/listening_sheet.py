"""A sheet for blind ratings: which of two is better, without knowing which is which.

Each trial has a source and two answers to it in random order: the model's translation and, where
there is one, the real render of the same performance. Files, page and order give nothing away; the
key lies apart, in ``listening-key.json``.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import msgspec
import numpy as np

from umtn_core.data.files import write_json
from umtn_core.evaluation.report.page import document, players
from umtn_core.evaluation.report.sounds import write_sound
from umtn_core.evaluation.translating import Example

KEY = "listening-key.json"
PAGE = "listen.html"
#: What is asked of each trial, by its name in the CSV.
QUESTIONS = {
    "melody": "Which follows the melody of the source better?",
    "instrument": "Which sounds more like a real {target}?",
}
ANSWERS = ("A", "B", "same")
#: Longer sheets tire the ears.
MOST_TRIALS = 16


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One comparison, and what was behind its letters.

    Parameters
    ----------
    id
        The trial's number on the sheet.
    source, target, piece, make
        The domains, the piece and the make of what was played.
    a, b
        What each letter stands for: ``translation`` or ``truth``.
    """

    id: str
    source: str
    target: str
    piece: str
    make: str
    a: str
    b: str


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What solves a sheet."""

    model: str
    seed: int
    trials: tuple[Trial, ...]


def write_sheet(folder: Path, model: str, examples: Sequence[Example], seed: int) -> None:
    """Write the sheet, its sounds and its key.

    Parameters
    ----------
    folder
        The folder of the report.
    model
        The model's name, for the key.
    examples
        The examples to choose trials from, all directions alike: those that have a truth.
    seed
        The seed of choice, order and sides.
    """
    random = np.random.default_rng(seed)
    chosen = _chosen([each for each in examples if "truth" in each.sounds], random)
    trials, sections = [], []
    for number, example in enumerate(chosen, 1):
        name = f"{number:02}"
        sides = ("translation", "truth") if random.random() < 0.5 else ("truth", "translation")
        sounds = {}
        for letter, kind in zip(("source", "A", "B"), ("source", *sides), strict=True):
            path = f"listen/{name}-{letter.lower()}.flac"
            # Equally loud, so that loudness decides nothing.
            write_sound(folder / path, example.sounds[kind], equally_loud=True)
            sounds[letter] = path
        trials.append(
            Trial(name, example.source, example.target, example.piece, example.make, *sides)
        )
        sections.append(_section(name, example, sounds))
    write_json(folder / KEY, Key(model, seed, tuple(trials)))
    script = Path(__file__).with_name("listening_sheet.js").read_text()
    body = (
        "<h1>Which is better?</h1><p>Listen to the source, then to A and B, as often as you like, "
        "on headphones if you can. One of the two was made by a network, the other may not be. "
        "There is no right answer.</p>"
        '<p><label>Your name or initials <input id="rater" required></label></p>'
        f"{''.join(sections)}"
        '<p><button id="save">Download my ratings (CSV)</button> <span id="left"></span></p>'
    )
    (folder / PAGE).write_text(document("Listening sheet", body, script), encoding="utf-8")


def _chosen(examples: Sequence[Example], random: np.random.Generator) -> list[Example]:
    """Choose as many of each direction and make, in random order."""
    groups: dict[tuple[str, str, str], list[Example]] = {}
    for each in examples:
        groups.setdefault((each.make, each.source, each.target), []).append(each)
    share = max(1, MOST_TRIALS // max(1, len(groups)))
    chosen = []
    for group in groups.values():
        places = random.permutation(len(group))[:share]
        chosen += [group[k] for k in sorted(places)]
    return [chosen[k] for k in random.permutation(len(chosen))][:MOST_TRIALS]


def _section(name: str, example: Example, sounds: dict[str, str]) -> str:
    questions = "".join(
        f"<p>{escape(text.format(target=example.target))}<br>"
        + "".join(
            f'<label><input type="radio" name="{name}-{question}" data-trial="{name}" '
            f'data-question="{question}" value="{answer}"> '
            f"{'no difference' if answer == 'same' else answer}</label>"
            for answer in ANSWERS
        )
        + "</p>"
        for question, text in QUESTIONS.items()
    )
    return (
        f"<fieldset><legend>{int(name)}. From {escape(example.source)} to "
        f"{escape(example.target)}</legend>{players(sounds)}{questions}</fieldset>"
    )


def read_key(folder: Path) -> Key:
    """Read the key of a report's sheet; `json.JSONDecodeError` and the like are the caller's."""
    return msgspec.json.decode((folder / KEY).read_bytes(), type=Key)

"""Reads scores with music21."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

from umtn_core.data.synth.score import Note, Parsed, Score, Unread

#: A score that states terms is used only if they are one of these.
_OPEN = re.compile(r"(?i)public domain|creative commons|\bcc[ -]?(0|by)\b|\bfree\b|gpl|\bmit\b|bsd")


def parse_file(name: str, file: Path, licence: str) -> Parsed:
    """Parse every score of one corpus file.

    Parameters
    ----------
    name
        The file's name; its scores are named after it.
    file
        An ABC file of any number of tunes, or a score in any form music21 reads.
    licence
        Terms of the collection; what a score states itself is added.

    Returns
    -------
    the scores read, and those that could not be
    """
    scores: list[Score] = []
    unread: list[Unread] = []
    pieces: list[tuple[str, str | None]]
    if file.suffix == ".abc":
        # Tune by tune, so that one which music21 cannot read costs only itself.
        pieces = [(f"{name}#{i}", text) for i, text in enumerate(tunes(file), 1)]
    else:
        pieces = [(name, None)]
    for piece, text in pieces:
        try:
            scores.append(_parse_one(piece, file, text, licence))
        except Exception as error:  # music21 raises anything
            reason = str(error).strip().splitlines()
            unread.append(Unread(piece, reason[0] if reason else type(error).__name__))
    return Parsed(scores, unread)


def tunes(file: Path) -> list[str]:
    """Return the text of each tune of an ABC file."""
    text = file.read_text(encoding="utf-8", errors="replace")
    return re.split(r"(?m)^(?=X:)", text)[1:]


def _parse_one(name: str, file: Path, text: str | None, licence: str) -> Score:
    from music21 import converter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if text is None:
            stream = converter.parseFile(file, forceSource=True, storePickle=False)
            # Horns, clarinets and the like are written in another key than they sound in.
            stream.toSoundingPitch(inPlace=True)
        else:
            stream = converter.parseData(text, format="abc")
    notes = _notes(stream)
    if not notes:
        raise ValueError("no notes")
    metadata = stream.metadata
    stated = str(metadata.copyright or "").strip() if metadata is not None else ""
    title = (metadata.bestTitle if metadata is not None else None) or name
    credits = None
    if text is not None:
        stated = stated or "; ".join(re.findall(r"(?im)^.*\b(?:copyright|licen[cs]e).*$", text))
        credits = "; ".join(
            line.strip(' "') for line in re.findall(r"(?m)^Z:(.*)$", text) if line.strip(' "')
        )
    elif metadata is not None and metadata.composer:
        credits = str(metadata.composer)
    if stated and not _OPEN.search(stated):
        raise ValueError(f"left out, because the file reserves rights: {stated}")
    licence = f"{licence}; the file states: {stated}" if stated else licence
    signatures = stream.recurse().getElementsByClass("TimeSignature")
    bar = float(signatures[0].barDuration.quarterLength) if signatures else 4.0
    return Score(name, str(title), licence, credits or None, bar, notes)


def _notes(stream: Any) -> list[Note]:
    """Return the sounding notes of all parts, ties joined."""
    notes: list[Note] = []
    for part in stream.parts:
        open_ties: dict[int, int] = {}  # pitch -> index of the note still held
        for element in part.flatten().notes:
            if "ChordSymbol" in element.classes or element.quarterLength == 0:
                continue  # a chord's name over the tune, or a grace note
            onset, duration = float(element.offset), float(element.quarterLength)
            # A chord's own notes carry the ties; a single note is its own.
            for single in getattr(element, "notes", (element,)):
                if not hasattr(single, "pitch"):
                    continue  # unpitched percussion
                pitch = int(single.pitch.midi)
                tie = single.tie.type if single.tie is not None else None
                held = open_ties.pop(pitch, None)
                if tie in ("stop", "continue") and held is not None:
                    old = notes[held]
                    if abs(old.onset + old.duration - onset) < 1e-3:
                        notes[held] = Note(old.onset, onset + duration - old.onset, pitch)
                        if tie == "continue":
                            open_ties[pitch] = held
                        continue
                if tie in ("start", "continue"):
                    open_ties[pitch] = len(notes)
                notes.append(Note(onset, duration, pitch))
    return sorted(notes, key=lambda n: (n.onset, n.pitch))

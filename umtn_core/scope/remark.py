"""Says in one sentence what of a recording a network was not taught, and what would help."""

from __future__ import annotations

import math
from typing import NamedTuple

from umtn_core.bundle.scope import Scope
from umtn_core.scope.findings import Findings

#: Semitones that `best_octave` chooses from.
OCTAVES = range(-36, 37, 12)

#: Notes so far beside the range are still played well, in semitones.
_MARGIN = 1.0
#: What is worth a word: shares of the time that a recording sounds. Each lies above what was
#: found in recordings of single lines within the range.
_SEVERAL, _UNPITCHED, _OUTSIDE = 0.37, 0.38, 0.25
#: Pitches of no more than this share of the time say nothing of the range.
_PITCHED = 0.2
#: Less than so many seconds are too short to say what they are.
_ENOUGH_SECONDS = 0.5
#: Octaves that differ by less are equal: now and then one is heard in place of another.
_EQUAL = 0.05
#: Another octave helps if it brings so much more of the notes into the range.
_HELPS = 0.2

#: Decibels of full scale: a loudest passage below the first is silence, below the second very soft.
_SILENT, _QUIET = -95.0, -60.0


def remark(findings: Findings, scope: Scope | None, transposed: int = 0) -> str:
    """Say what share of a recording lies outside of what a network was taught.

    Parameters
    ----------
    findings
        What was heard in the recording, as it is.
    scope
        What the network was taught; None, where nobody knows, leaves remarks on the level.
    transposed
        Semitones that the recording is raised by before the network hears it.

    Returns
    -------
    str
        One sentence, or nothing where all is as it was taught.
    """
    if findings.level < _SILENT:
        peak = f": it peaks at {_dbfs(findings.peak)}" if math.isfinite(findings.peak) else ""
        return f"This recording is as good as silent{peak}; see that the right input was recorded."
    said: list[str] = []
    helps: list[str] = []
    if findings.level < _QUIET:
        said.append(
            f"this recording is very quiet, its loudest passage at {_dbfs(findings.level)}, so "
            "what noise it has is brought up with it"
        )
        helps.append("record it louder")
    if scope is not None:
        outside = _outside(findings, scope, transposed)
        if outside is not None:
            said.append(outside.what)
            helps.append(outside.helps)
    if not said:
        return ""
    sentence = f"{', and '.join(said)}; {', and '.join(helps)}."
    return sentence[0].upper() + sentence[1:]


def offered(findings: Findings, scope: Scope | None, transposed: int = 0) -> str:
    """Say which transposition the remark offers, as a request would write it.

    Parameters
    ----------
    findings, scope, transposed
        What they are for `remark`.

    Returns
    -------
    str
        ``octave``, a number of semitones, or nothing where none would help.
    """
    if findings.level < _SILENT or scope is None:
        return ""
    outside = _outside(findings, scope, transposed)
    return "" if outside is None else outside.offer


def best_octave(findings: Findings, scope: Scope) -> int:
    """Find the octave that brings most of a recording's notes into a network's range.

    Parameters
    ----------
    findings
        What was heard in the recording, as it is.
    scope
        What the network was taught.

    Returns
    -------
    int
        Semitones from -36 to 36 in steps of 12; of equals the nearest to 0.
    """
    inside = {semitones: _inside(findings, scope, semitones) for semitones in OCTAVES}
    enough = max(inside.values()) - _EQUAL
    return min(inside, key=lambda k: (inside[k] < enough, abs(k), -inside[k]))


def semitones_of(transpose: int | str, findings: Findings, scope: Scope | None) -> int:
    """Say by how many semitones a recording is raised.

    Parameters
    ----------
    transpose
        The semitones; ``octave``, what `best_octave` finds.
    findings
        What was heard in the recording, as it is.
    scope
        What the network was taught; None, where nobody knows, moves it by no octave.

    Returns
    -------
    int
    """
    if transpose != "octave":
        return int(transpose)
    return 0 if scope is None else best_octave(findings, scope)


class _Outside(NamedTuple):
    """What is outside of what was taught, what helps, and the transposition among that."""

    what: str
    helps: str
    offer: str = ""


def _outside(findings: Findings, scope: Scope, transposed: int) -> _Outside | None:
    """Say what is outside and what helps; None, nothing is."""
    if findings.seconds < _ENOUGH_SECONDS:
        return None
    if findings.wandering or findings.unpitched > _UNPITCHED:
        return _without_pitch(findings, scope)
    if findings.several > _SEVERAL and scope.voices == 1:
        return _Outside(
            f"in {_percent(findings.several)} of it several notes sound at once, where this model "
            f"was taught {scope.material}",
            "give it one line at a time",
        )
    inside = _inside(findings, scope, transposed)
    if findings.pitched > _PITCHED and 1 - inside > _OUTSIDE:
        return _beside_the_range(findings, scope, transposed, inside)
    return None


def _without_pitch(findings: Findings, scope: Scope) -> _Outside:
    if findings.unpitched > _UNPITCHED:
        found = (
            f"{_percent(findings.unpitched)} of it has no clear pitch, as in drums, noise or speech"
        )
    else:
        found = "its pitch wanders and is often missing, as in speech"
    what = f"{found}, where this model was taught {scope.material}"
    return _Outside(what, "give it a part with clear notes")


def _beside_the_range(findings: Findings, scope: Scope, transposed: int, inside: float) -> _Outside:
    above = findings.above(scope.highest + _MARGIN, transposed)
    below = 1 - inside - above
    where = "below" if below >= 2 * above else "above" if above >= 2 * below else "outside"
    what = (
        f"{_percent(1 - inside)} of its notes lie {where} the {scope.range_in_words} that "
        "this model was taught"
    )
    if transposed:
        way = "raised" if transposed > 0 else "lowered"
        what += f", {way} by {abs(transposed)} semitones as they are"
    best = best_octave(findings, scope)
    reached = _inside(findings, scope, best)
    if reached < inside + _HELPS:
        return _Outside(
            what, "no octave would bring more of them inside, a model that was taught them might"
        )
    if best == 0:
        return _Outside(what, "without a transposition they are inside", "0")
    helps = f"transpose octave ({best:+d} semitones) would bring {_percent(reached)} of them inside"
    return _Outside(what, helps, "octave")


def _inside(findings: Findings, scope: Scope, transposed: int) -> float:
    if not any(findings.pitches):
        return 1.0
    return findings.inside(scope.lowest - _MARGIN, scope.highest + _MARGIN, transposed)


def _percent(share: float) -> str:
    return f"{round(100 * share)} %"


def _dbfs(decibels: float) -> str:
    return f"{decibels:.0f} dBFS"

"""What a manifest lists of what a network was trained on: so much that it can be read."""

from __future__ import annotations

from collections.abc import Iterable

from umtn_core.bundle import TrainingSource
from umtn_core.bundle.manifest import LONGEST_PHRASE, LONGEST_TEXT
from umtn_core.bundle.texts import without_controls

#: Sources that are listed one by one, and characters of them all; a manifest has an end.
MOST_SOURCES, MOST_CHARACTERS = 5_000, 2**20
#: Licences that are listed where the sources are too many.
MOST_LICENCES = 200


def listed(pairs: Iterable[tuple[str, str]]) -> list[TrainingSource]:
    """List sources and their licences, each pair once, in alphabetical order.

    Parameters
    ----------
    pairs
        What each recording came from, and on what terms it may be used.

    Returns
    -------
    list of TrainingSource
        One by one; where they are far too many, so many of each licence, with one of them for
        an example.
    """
    clean = {
        (without_controls(source)[:LONGEST_PHRASE], without_controls(licence)[:LONGEST_TEXT])
        for source, licence in pairs
    }
    if len(clean) <= MOST_SOURCES and sum(len(s) + len(t) for s, t in clean) <= MOST_CHARACTERS:
        return [TrainingSource(*pair) for pair in sorted(clean)]
    by_licence: dict[str, list[str]] = {}
    for source, licence in sorted(clean):
        by_licence.setdefault(licence, []).append(source)
    kept = sorted(by_licence)[:MOST_LICENCES]
    longest = MOST_CHARACTERS // MOST_LICENCES
    found = [TrainingSource(_counted(by_licence[licence]), licence[:longest]) for licence in kept]
    rest = [
        source for licence in sorted(by_licence)[MOST_LICENCES:] for source in by_licence[licence]
    ]
    if rest:
        terms = f"{len(by_licence) - len(kept)} other licences, which the training data states"
        found.append(TrainingSource(_counted(rest), terms))
    return found


def _counted(sources: list[str]) -> str:
    if len(sources) == 1:
        return sources[0]
    return f"{len(sources)} sources, such as {sources[0]}"[:LONGEST_PHRASE]

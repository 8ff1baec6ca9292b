"""Finds scores that are the same tune."""

from __future__ import annotations

import re

import numpy as np

from umtn_core.data.synth.performance import melody
from umtn_core.data.synth.score import Score

#: Intervals that make a beginning: fewer would take different tunes for one.
_BEGINNING = 16


def families(scores: list[Score]) -> list[list[Score]]:
    """Group scores that share a title, or a beginning as intervals (so in any key).

    Collections print many tunes twice, in another key or under another name.

    Parameters
    ----------
    scores
        In any order.

    Returns
    -------
    groups, each sorted by name; every score is in one
    """
    parent = list(range(len(scores)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    seen: dict[tuple[object, ...], int] = {}
    for index, score in enumerate(scores):
        line = melody(score.notes)
        intervals = tuple(int(i) for i in np.diff([n.pitch for n in line[: _BEGINNING + 1]]))
        title = re.sub(r"[^a-z0-9]+", "", re.sub(r"(?i)\b(the|a|an)\b", "", score.title).lower())
        keys: list[tuple[object, ...]] = [("title", title)] if title else []
        if len(intervals) == _BEGINNING:
            keys.append(("line", intervals))
        for key in keys:
            if key in seen:
                parent[root(index)] = root(seen[key])
            else:
                seen[key] = index
    groups: dict[int, list[Score]] = {}
    for index, score in enumerate(scores):
        groups.setdefault(root(index), []).append(score)
    return [sorted(group, key=lambda s: s.name) for group in groups.values()]

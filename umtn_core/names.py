"""Names as people type them: which of the known ones is meant, or nearly."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

from umtn_core.errors import UmtnError

#: How alike a name has to be to what was typed, from 0 to 1, for it to be suggested.
_ALIKE = 0.7


def meant(typed: str, names: Iterable[str]) -> list[str]:
    """Find the known names that what was typed can mean.

    Parameters
    ----------
    typed
        What a person wrote.
    names
        The names that there are.

    Returns
    -------
    list of str
        It itself, where it is one of them; otherwise all that differ from it by no more than
        capital letters, blanks, hyphens and underscores. With more than one, nobody can tell which.
    """
    known = list(dict.fromkeys(names))
    if typed in known:
        return [typed]
    bare = _bare(typed)
    return [name for name in known if bare and _bare(name) == bare]


def the_one_meant(typed: str, names: Iterable[str], kind: str, place: str = "") -> str:
    """Find the one known name that what was typed can mean.

    Parameters
    ----------
    typed, names
        What they are for `meant`.
    kind
        What the names are of, in the singular.
    place
        What has the names, as the beginning of a sentence, if it is anything in particular.

    Raises
    ------
    UmtnError
        If there is none, or several are: it says which there are.
    """
    known = list(dict.fromkeys(names))
    found = meant(typed, known)
    if len(found) == 1:
        return found[0]
    if found:
        raise UmtnError(f"The {kind} {typed!r} can be {' or '.join(found)}: write one of these.")
    lack = f"{place} has no {kind}" if place else f"There is no {kind}"
    there = f"choose from {', '.join(known)}" if known else "there is none at all"
    raise UmtnError(f"{lack} {typed!r}{did_you_mean(typed, known)}; {there}.")


def did_you_mean(typed: str, names: Iterable[str]) -> str:
    """Ask in brackets, after a blank, whether the most similar name was meant, if one is."""
    by_bare = {_bare(name): name for name in names}
    close = difflib.get_close_matches(_bare(typed), by_bare, n=1, cutoff=_ALIKE)
    return f" (did you mean {by_bare[close[0]]}?)" if close else ""


def _bare(name: str) -> str:
    """Leave out of a name what people seldom remember right."""
    return re.sub(r"[\s_-]", "", unicodedata.normalize("NFKC", str(name))).casefold()

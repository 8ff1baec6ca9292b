"""What of a folder is music to be translated, and what is there because of earlier work."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from umtn_core.audio.formats import FORMATS
from umtn_core.audio.read import open_audio
from umtn_core.errors import UmtnError

#: What can be read.
READABLE = frozenset(
    {
        *FORMATS,
        *(".wave", ".bwf", ".rf64", ".w64", ".aifc", ".caf", ".au", ".snd"),
        *(".oga", ".opus", ".mp2"),
    }
)
#: Audio too, but in formats that nothing here reads. It is tried, so that it is said of each.
UNREADABLE = frozenset(
    {
        *(".aac", ".m4a", ".m4b", ".m4r", ".wma", ".alac", ".ape", ".wv", ".tta", ".mpc"),
        *(".ac3", ".dts", ".amr", ".dsf", ".dff", ".mka", ".ra", ".weba"),
    }
)

#: What `umtn edit` calls the copy that it keeps.
_KEPT = re.compile(r"(?P<name>.+)\.original(-\d+)?", re.DOTALL)


@dataclass(frozen=True)
class LookedThrough:
    """What was found in a folder.

    Parameters
    ----------
    music
        The files to translate, each by its path below the folder.
    results
        Those that an earlier run wrote, or `umtn edit` kept.
    closed
        Folders in it that could not be looked into, each with the reason.
    """

    music: list[Path] = field(default_factory=list)
    results: list[Path] = field(default_factory=list)
    closed: list[tuple[Path, str]] = field(default_factory=list)


def look_through(folder: Path, targets: Iterable[str]) -> LookedThrough:
    """Look for audio in a folder and those in it; hidden ones are left out, links not followed.

    Parameters
    ----------
    folder
        Where to look.
    targets
        The domains that an earlier run may have translated to.
    """
    found = LookedThrough()

    def note(error: OSError) -> None:
        found.closed.append((Path(error.filename or folder), error.strerror or str(error)))

    audio = sorted(_audio(folder, note))
    made_of = _Sources(folder, audio, targets)
    for below in audio:
        (found.results if made_of.is_result(below) else found.music).append(below)
    return found


def _audio(folder: Path, on_error: Callable[[OSError], None]) -> Iterable[Path]:
    """All files that are audio by their names, by their paths below the folder."""
    for place, folders, names in os.walk(folder, onerror=on_error):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(place, name)
            ending = path.suffix.lower()
            # A link that leads nowhere is music that is missed, and reading it will say so.
            is_file = os.path.isfile(path) or (os.path.islink(path) and not os.path.isdir(path))
            if not name.startswith(".") and ending in READABLE | UNREADABLE and is_file:
                yield path.relative_to(folder)


class _Sources:
    """What could have been translated, among the files of a folder.

    A name alone proves nothing: ``solo.violin.wav`` may be a recording of a violin. It is a result
    only where there is a ``solo`` that it was made of.
    """

    def __init__(self, folder: Path, audio: list[Path], targets: Iterable[str]):
        self._folder = folder
        # Names are compared without regard to capitals, as some file systems and people do.
        self._tails = tuple(f".{target}".casefold() for target in targets)
        self._by_name: defaultdict[str, list[Path]] = defaultdict(list)
        for below in audio:
            if below.suffix.lower() in READABLE:
                self._by_name[below.stem.casefold()].append(below)
        self._forms: dict[Path, tuple[int, int, int] | None] = {}

    def is_result(self, below: Path) -> bool:
        name, ending = below.stem.casefold(), below.suffix.lower()
        kept = _KEPT.fullmatch(name)
        if kept and ending in READABLE:
            return any(each.parent == below.parent for each in self._by_name[kept["name"]])
        sources = [
            source
            for tail in self._tails
            if ending in FORMATS and name.endswith(tail)
            for source in self._by_name[name.removesuffix(tail)]
        ]
        # Beside it, or where the folder was translated into one that lies in it.
        if any(_ends_with(below.parent, source.parent) for source in sources):
            return True
        # Anywhere else, say with the results of takes/ in played/, they have to be of one form.
        form = self._form(below) if sources else None
        return form is not None and any(form == self._form(source) for source in sources)

    def _form(self, below: Path) -> tuple[int, int, int] | None:
        """Return the form of a recording, which a result has from its source."""
        if below not in self._forms:
            self._forms[below] = _form(self._folder / below)
        return self._forms[below]


def _ends_with(path: Path, end: Path) -> bool:
    return path.parts[len(path.parts) - len(end.parts) :] == end.parts


def _form(path: Path) -> tuple[int, int, int] | None:
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file, open_audio(file, path) as audio:
            return audio.channels, audio.samples, audio.sample_rate
    except (UmtnError, OSError):
        return None

"""Where General MIDI soundfonts lie, and under which terms."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from umtn_core.errors import UmtnError


@dataclass(frozen=True)
class SoundFont:
    """A soundfont that can be had from a package.

    Parameters
    ----------
    name
        The name recipes use.
    files
        File names it goes by, best first.
    package
        The Debian or Ubuntu package to install.
    licence
        The font's terms.
    """

    name: str
    files: tuple[str, ...]
    package: str
    licence: str


KNOWN = {
    font.name: font
    for font in (
        SoundFont(
            "FluidR3_GM",
            ("FluidR3_GM.sf2",),
            "fluid-soundfont-gm",
            "MIT (Fluid R3, Frank Wen and others)",
        ),
        SoundFont(
            "TimGM6mb",
            ("TimGM6mb.sf2",),
            "timgm6mb-soundfont",
            "GPL-2.0 (TimGM6mb, Tim Brechbill)",
        ),
        SoundFont(
            "MuseScore_General",
            ("MuseScore_General.sf3", "MuseScore_General.sf2", "MuseScore_General_Full.sf2"),
            "musescore-general-soundfont",
            "MIT, parts CC0-1.0 and public domain (MuseScore General, S. Christian Collins)",
        ),
    )
}


@dataclass(frozen=True)
class InstalledFont:
    """A soundfont on this machine: its name, file and licence."""

    name: str
    path: Path
    licence: str


def search_path() -> list[Path]:
    """Return the folders looked in: ``$UMTN_SOUNDFONTS`` first, then the usual places."""
    folders = [Path(p) for p in os.environ.get("UMTN_SOUNDFONTS", "").split(os.pathsep) if p]
    home = Path.home()
    folders += [
        Path("/usr/share/sounds/sf2"),
        Path("/usr/share/sounds/sf3"),
        Path("/usr/share/soundfonts"),
        Path("/usr/local/share/soundfonts"),
        Path("/opt/homebrew/share/soundfonts"),
        home / ".local/share/soundfonts",
        home / ".local/share/sounds/sf2",
        home / "Library/Audio/Sounds/Banks",
    ]
    # pretty_midi carries TimGM6mb; found without importing it.
    spec = importlib.util.find_spec("pretty_midi")
    if spec is not None and spec.origin:
        folders.append(Path(spec.origin).parent)
    return folders


def find_soundfont(name: str) -> InstalledFont:
    """Find a soundfont by its known name, or by a path to any ``.sf2`` or ``.sf3``.

    A font given by path may have its terms in a text file beside it that has the same
    name and the ending ``.licence``; otherwise they are recorded as not stated.

    Raises
    ------
    UmtnError
        If it is not installed (the sentence names the package), or damaged.
    """
    if Path(name).suffix.lower() in (".sf2", ".sf3"):
        path = Path(name).expanduser()
        if not path.is_file():
            raise UmtnError(f"There is no soundfont at {path}.")
        _check(path)
        beside = path.with_suffix(".licence")
        stated = beside.read_text().strip() if beside.is_file() else "not stated"
        return InstalledFont(path.stem, path, stated)
    font = KNOWN.get(name)
    if font is None:
        raise UmtnError(
            f"There is no soundfont named {name!r}: use one of {', '.join(KNOWN)}, or a path."
        )
    for folder in search_path():
        for file in font.files:
            if (folder / file).is_file():
                _check(folder / file)
                return InstalledFont(font.name, folder / file, font.licence)
    raise UmtnError(
        f"The soundfont {name} is not installed: run `apt install {font.package}`, or put "
        f"{font.files[0]} in a folder named by UMTN_SOUNDFONTS."
    )


def _check(path: Path) -> None:
    """Refuse what is not a whole soundfont: FluidSynth would quietly play another one."""
    try:
        with path.open("rb") as file:
            header = file.read(12)
        size = path.stat().st_size
    except OSError as error:
        raise UmtnError(f"Cannot read the soundfont {path}: {error.strerror or error}.") from error
    whole = header[:4] == b"RIFF" and header[8:] == b"sfbk"
    if not whole or int.from_bytes(header[4:8], "little") + 8 > size:
        raise UmtnError(f"The soundfont {path} is damaged or cut off: install it again.")

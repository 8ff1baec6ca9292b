"""The licence of a folder of recordings, as its owner wrote it down."""

from __future__ import annotations

from pathlib import Path

from umtn_core.errors import UmtnError

NOT_STATED = "not stated"
#: Longer texts are named by their first line; the file itself holds the rest.
_LONGEST = 300


def is_licence_file(path: Path) -> bool:
    """Whether a file is called LICENCE or LICENSE, in any case, plain or ``.txt`` or ``.md``."""
    return path.stem.lower() in ("licence", "license") and path.suffix.lower() in (
        "",
        ".txt",
        ".md",
    )


def folder_licence(folder: Path) -> str | None:
    """Return what the licence file of a folder says, or None if there is none.

    Raises
    ------
    UmtnError
        If the file cannot be read as text, or is empty.
    """
    for file in sorted(folder.iterdir()):
        if not file.is_file() or not is_licence_file(file):
            continue
        try:
            text = file.read_text(encoding="utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UmtnError(f"Cannot read the licence file {file}: save it as UTF-8.") from error
        if not text:
            raise UmtnError(f"The licence file {file} is empty: write the terms in it.")
        line = " ".join(text.split())
        if len(line) <= _LONGEST:
            return line
        return f"{text.splitlines()[0].strip()[:_LONGEST]} (whole text in {file.name})"
    return None

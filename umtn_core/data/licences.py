"""The licence of a folder of recordings, as its owner wrote it down."""

from __future__ import annotations

from pathlib import PurePosixPath

from umtn_core.errors import UmtnError

NOT_STATED = "not stated"
#: Longer texts are named by their first line; the file itself holds the rest.
_LONGEST = 300


def is_licence_file(name: str) -> bool:
    """Whether a file is called LICENCE or LICENSE, in any case, plain or ``.txt`` or ``.md``."""
    path = PurePosixPath(name)
    return path.stem.lower() in ("licence", "license") and path.suffix.lower() in (
        "",
        ".txt",
        ".md",
    )


def licence_text(name: str, contents: bytes) -> str:
    """Return what a licence file says, in one line.

    Parameters
    ----------
    name
        The file's name.
    contents
        What the file holds.

    Raises
    ------
    UmtnError
        If it is not text, or empty.
    """
    try:
        text = contents.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise UmtnError(f"Cannot read the licence file {name}: save it as UTF-8.") from error
    if not text:
        raise UmtnError(f"The licence file {name} is empty: write the terms in it.")
    line = " ".join(text.split())
    if len(line) <= _LONGEST:
        return line
    return f"{text.splitlines()[0].strip()[:_LONGEST]} (whole text in {PurePosixPath(name).name})"

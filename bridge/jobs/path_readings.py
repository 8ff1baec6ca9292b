"""What a path can mean that another program wrote: as it is, quoted, escaped, as a URI."""

from __future__ import annotations

import os
import re
import shlex
import socket
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from bridge.jobs.request import RequestError
from bridge.text import CONTROLS, DIRECTIONS, control_in, quoted

#: What is around a path by accident: blanks, the line's end, the mark of direction that Windows
#: copies along with a path, a byte order mark.
_AROUND = "".join(filter(str.isspace, map(chr, range(0x3001)))) + CONTROLS + DIRECTIONS + "\ufeff"

#: What programs put before a path, and no name begins with: a byte order mark, and Windows's mark.
BEFORE = "\ufeff\u202a"
#: Its host, if it says one, and its path.
_FILE_URI = re.compile(r"file:(?://([^/]*)(?=/)|(?!//))(/.*)", re.IGNORECASE | re.DOTALL)
#: Hosts that are this one, besides its own name.
_LOCAL = ("localhost", "127.0.0.1", "[::1]")
_URI = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
#: ``C:\takes``, ``\\server\takes``, ``\takes``, and ``Macintosh HD:/takes``, as Max writes.
_FOREIGN = re.compile(r"/?[A-Za-z]:[\\/]|\\\\|\\\w|[^/\\:]+:/(?!/)")


def readings(text: str, what: str) -> Iterator[str]:
    """Yield what a path can mean, as it is first: who finds a file by it looks no further.

    Parameters
    ----------
    text
        The path as it was sent.
    what
        What to call it, ``input`` or ``output``.

    Yields
    ------
    str
        A path. Whether it may be used is to be seen.

    Raises
    ------
    RequestError
        If it can only be what is of no use here, once nothing is found by what was yielded.
    """
    yield text
    plain = text.strip(_AROUND)
    check_no_controls(plain, what)
    line = text.strip(CONTROLS)
    if line != text:
        yield line
    for reading in dict.fromkeys((plain, _unquoted(plain), _shell_word(plain))):
        path = _local(reading, what)
        if path not in (text, line):
            yield path


def bare_name(name: str) -> str:
    """Return a new file's name without blanks around it, nor a shell's quotes and backslashes."""
    name = _unquoted(name.strip(" "))
    return _shell_word(name) if "\\" in name else name


def check_no_controls(text: str, what: str) -> None:
    """Refuse control characters, which file systems allow and nobody means.

    Raises
    ------
    RequestError
    """
    control = control_in(text)
    if control:
        advice = "rename the file" if what == "input" else "choose another name"
        raise RequestError("bad_request", f"The {what} has {control}; {advice}.")


def check_not_foreign(text: str, what: str) -> None:
    """Refuse a path of another system, which here would be an odd name.

    Raises
    ------
    RequestError
    """
    if os.name == "posix" and _FOREIGN.match(_unquoted(text.strip(_AROUND))):
        raise RequestError(
            "bad_request",
            f"The {what} {quoted(text)} is a path of another system; send a plain path as this one "
            "has it, which begins with /.",
        )


def _unquoted(text: str) -> str:
    """Take quotation marks off that are around it all."""
    enclosed = len(text) > 2 and text[0] == text[-1] and text[0] in "'\""
    return text[1:-1] if enclosed else text


def _shell_word(text: str) -> str:
    """Read a word of a shell, as terminals write a file that is dropped on them."""
    # No terminal escapes letters; what does so is a path of Windows.
    if os.name != "posix" or re.search(r"\\\w", text):
        return text
    try:
        words = shlex.split(text)
    except ValueError:
        return text
    return words[0] if len(words) == 1 else text


def _local(text: str, what: str) -> str:
    """Return a path for a URI of a file here, or for one in the user's home."""
    if text.startswith("~/"):
        return os.path.expanduser(text)
    found = _FILE_URI.fullmatch(text)
    if found is None or (found[1] or "localhost").lower() not in (*_LOCAL, _this_host()):
        if found is not None or _URI.match(text):
            raise RequestError(
                "bad_request",
                f"The {what} {quoted(text)} is a URI, but not of a file on the bridge's machine; "
                "send a plain path.",
            )
        check_not_foreign(text, what)
        return text
    try:
        path = unquote_to_bytes(found[2]).decode()
    except UnicodeDecodeError as error:
        raise RequestError(
            "bad_request",
            f"The {what} {quoted(text, found.start(2) + _place_of_byte(found[2], error.start))} is "
            "a URI whose bytes are not UTF-8; send a plain path.",
        ) from error
    check_not_foreign(path, what)
    return path.removeprefix("/") if os.name == "nt" else path


def _place_of_byte(text: str, byte: int) -> int:
    """Return the index of the character of a URI that stands for so many bytes before it."""
    passed = 0
    for part in re.finditer("%[0-9A-Fa-f]{2}|.", text, re.DOTALL):
        passed += 1 if len(part[0]) > 1 else len(part[0].encode("utf-8", "replace"))
        if passed > byte:
            return part.start()
    return len(text)


def _this_host() -> str:
    return socket.gethostname().lower()

"""Text that others wrote: what of it is refused, and how the rest is shown on a line of its own."""

from __future__ import annotations

import os
import re
import shlex

#: C0, DEL and C1. They steer terminals and end lines, and nobody names a recording with them.
CONTROLS = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0))))

#: Marks of the direction of writing, which programs put around what is copied from them.
DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

#: Besides controls and directions: what ends a line, and halves of surrogate pairs, which stand for
#: bytes that are no text. Names may hold all but the halves, but a line is no longer one with them.
MISLEADING = CONTROLS + DIRECTIONS + "\u2028\u2029" + "".join(map(chr, range(0xD800, 0xE000)))

_MISLEADING = re.compile(f"[{re.escape(MISLEADING)}]")

_CONTROL = re.compile(f"[{re.escape(CONTROLS)}]")

#: Bytes that mean themselves within ``$'...'``.
_PLAIN = frozenset(range(0x20, 0x7F)) - frozenset(b"'\\")

#: A word that is longer than any usual path.
_ENDLESS = re.compile(r"\S{1000,}")

#: Characters of a text that are repeated to its sender, before and after what matters.
_AROUND = 30
#: Of a path that is too long for a sentence, so much of its beginning and of its end is said.
_BEGINNING, _END = 60, 140


def on_one_line(text: str) -> str:
    r"""Write a text so that it stays on its line, and in order.

    Parameters
    ----------
    text
        What may hold line ends and marks of the direction of writing.

    Returns
    -------
    str
        With these as ``\n`` or ``\u202e``.
    """
    return _MISLEADING.sub(lambda found: ascii(found[0])[1:-1], text)


def is_utf_8(text: str) -> bool:
    """Tell whether a text can be sent and stored, and holds no bytes that are no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def escaped_in_json(text: str) -> str:
    """Write JSON so that it stays on its line, and in order; what it stands for stays the same."""
    return _MISLEADING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def quoted(text: str, place: int = 0) -> str:
    """Repeat a text to its sender, in quotes, what misleads written out.

    Parameters
    ----------
    text
        What was sent.
    place
        The index of the character that matters; of a long text, what is around it is shown.
    """
    begin, end = max(0, place - _AROUND), place + _AROUND
    shown = on_one_line(text[begin:end])
    return f"'{'...' if begin else ''}{shown}{'...' if end < len(text) else ''}'"


def shell_word(path: object) -> str:
    r"""Write a path as a word that shells take, and that stays on its line: ``$'caf\351.wav'``."""
    text = str(path)
    if not _MISLEADING.search(text):
        return shlex.quote(text)
    # By three octal digits, since what follows may be a digit of any number.
    try:
        name = os.fsencode(text)
    except UnicodeEncodeError:
        # No file is called like this, but programs can ask for it, and are to be told.
        name = text.encode("utf-8", "surrogatepass")
    octets = (chr(octet) if octet in _PLAIN else f"\\{octet:03o}" for octet in name)
    return f"$'{''.join(octets)}'"


def shortened(path: object) -> str:
    """Shorten what is too long for a sentence that is to say something else too."""
    text = str(path)
    return text if len(text) <= _BEGINNING + _END else f"{text[:_BEGINNING]}...{text[-_END:]}"


def sentence(text: str) -> str:
    """Write a sentence on one line, of words that nobody would read to their ends a part alone."""
    return _ENDLESS.sub(lambda found: shortened(found[0]), on_one_line(text))


def control_in(text: str) -> str:
    """Say which control character a text has, and where; nothing if it has none."""
    found = _CONTROL.search(text)
    if found is None:
        return ""
    place = found.start()
    code = f"U+{ord(found[0]):04X}"
    return f"the control character {code}, in place {place + 1} of {quoted(text, place)}"

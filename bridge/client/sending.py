"""What a client may ask: said before it is sent, where a bridge could not say it of what arrives.

A bridge checks all that it is sent, and its sentences name what it expects. But what no OSC message
holds, or no answer can repeat, never gets to it as it was meant.
"""

from __future__ import annotations

import numbers
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bridge.client.answers import BridgeError
from bridge.protocol import BY_REQUEST, ID, LARGEST_PACKET, Argument, Message, Value
from bridge.server.packets import request, too_long
from bridge.text import control_in, shell_word, shortened

#: The least and the greatest number that OSC has a whole type for.
_WHOLE = range(-(2**63), 2**63)

_FILE_URI = re.compile("file:/", re.IGNORECASE)


def packet_of(address: str, values: Sequence[Any]) -> bytes:
    """Write a request whose values a program's user gave.

    Parameters
    ----------
    address
        The request's OSC address.
    values
        Its arguments: text, and numbers of any type that Python programs have.

    Raises
    ------
    BridgeError
        ``bad_request``, in a sentence that names the value that cannot be sent.
    """
    message = BY_REQUEST[address]
    packet = request(address, [_sendable(message, *named) for named in _named(message, values)])
    if len(packet) > LARGEST_PACKET:
        raise _refused(too_long(LARGEST_PACKET))
    return packet


def path_for_bridge(path: str | os.PathLike[str] | bytes, what: str) -> str:
    """Write a path so that a bridge, which has a working folder of its own, finds what is meant.

    Parameters
    ----------
    path
        A path from this program's working folder, from the user's home (``~/take.wav``), or a URI
        of a file. Names that begin with a tilde are names.
    what
        What to call it, ``input`` or ``output``.

    Raises
    ------
    BridgeError
        ``bad_request`` if it is empty, or no path at all.
    """
    try:
        text = os.fsdecode(path)
    except TypeError:
        raise _refused(f"The {what} must be a path, not {shortened(repr(path))}.") from None
    if not text:
        raise _refused(f"The {what} is empty; give the path of a file.")
    if not os.path.lexists(text.replace("\0", "")):
        if _FILE_URI.match(text):
            return text
        if text.startswith("~/"):
            text = os.path.expanduser(text)
    # A slash at its end says that a folder is meant, which the bridge is to hear.
    slash = os.sep if text.endswith(os.sep) else ""
    return str(Path(text).absolute()).rstrip(os.sep) + slash


def _named(message: Message, values: Sequence[Any]) -> Iterator[tuple[Argument, Any]]:
    """Tell which argument each value is; of pairs, the first names the second."""
    known = (*message.arguments, *message.optional[:1])
    yield from zip(known, values, strict=False)
    keys = {argument.name: argument for argument in message.keys}
    pairs = values[len(known) :]
    for name, value in zip(pairs[::2], pairs[1::2], strict=True):
        yield _KEY, name
        yield keys.get(name, Argument(str(name), "ifs", "")), value


_KEY = Argument("name of an option", "s", "What is said of a render.")


def _sendable(message: Message, argument: Argument, value: Any) -> Value:
    if isinstance(value, str):
        _check_text(argument, value)
        return str(value)
    if argument.types != "s":
        if isinstance(value, numbers.Integral):
            if int(value) not in _WHOLE:
                raise _refused(
                    f"{message.address} expects {argument.form} for {argument.name}, and not more "
                    "than OSC has numbers for."
                )
            return int(value)
        if isinstance(value, numbers.Real):
            return float(value)
    kind = "text" if argument.types == "s" else "a number, or text"
    raise _refused(f"The {argument.name} must be {kind}, not {shortened(repr(value))}.")


def _check_text(argument: Argument, text: str) -> None:
    name = argument.name
    advice = "rename the file" if name == "input" else "choose another one"
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise _refused(
            f"The {name} {shortened(shell_word(text))} is not UTF-8, and a bridge is asked in "
            f"UTF-8 only; {advice}."
        ) from None
    # What else is in a path is decided where the file is.
    if control := "" if argument.path and "\0" not in text else control_in(text):
        raise _refused(f"The {name} has {control}; {advice}.")
    if argument is ID and not text:
        raise _refused(f"The {name} is empty; choose one of 1 to {ID.maximum} bytes of UTF-8.")
    if argument.types == "s" and argument.maximum is not None and size > argument.maximum:
        raise _refused(
            f"The {name} has {size} bytes of UTF-8, but may have {argument.maximum:.0f}; "
            "give a shorter one."
        )


def _refused(sentence: str) -> BridgeError:
    return BridgeError("bad_request", sentence)

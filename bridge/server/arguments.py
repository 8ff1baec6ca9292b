"""Reads the arguments of a request as `bridge.protocol` defines them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.jobs import RequestError
from bridge.jobs.request import check_id
from bridge.protocol import ID, Argument, Message, Value
from bridge.server.packets import NotUtf8
from bridge.text import control_in, quoted
from umtn_core.decode.choosing.engine_names import ENGINES
from umtn_core.names import meant

#: More of a wrong message is not repeated to its sender.
_SHOWN = 6

#: A number as programs write one; neither nan nor inf, nor what only Python reads.
_NUMBER = re.compile(r"\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?\s*", re.ASCII | re.I)


class BadRequest(Exception):
    """A message that is not of the expected form.

    Parameters
    ----------
    text
        One sentence that gives the form.
    """


def read_arguments(message: Message, sent: Sequence[Any]) -> dict[str, Value]:
    """Check what came with a message, and name it.

    Parameters
    ----------
    message
        The message that it should be.
    sent
        Its arguments: strings, numbers, and `NotUtf8` where a string was in another encoding.

    Returns
    -------
    dict
        Values by the arguments' names; what was left out is missing.

    Raises
    ------
    BadRequest
    """
    required, rest = sent[: len(message.arguments)], sent[len(message.arguments) :]
    if len(required) < len(message.arguments):
        raise _wrong_form(message, sent)
    values = {
        argument.name: _checked(message, argument, value)
        for argument, value in zip(message.arguments, required, strict=True)
    }
    if message.keys:
        if len(rest) % 2:
            values[message.optional[0].name] = _checked(message, message.optional[0], rest[0])
            rest = rest[1:]
        return values | _pairs(message, rest)
    if len(rest) > len(message.optional):
        raise _wrong_form(message, sent)
    for argument, value in zip(message.optional, rest, strict=False):
        values[argument.name] = _checked(message, argument, value)
    return values


def _pairs(message: Message, rest: Sequence[Any]) -> dict[str, Value]:
    known: Mapping[str, Argument] = {argument.name: argument for argument in message.keys}
    values: dict[str, Value] = {}
    for name, value in zip(rest[::2], rest[1::2], strict=True):
        if not isinstance(name, str) or name not in known:
            raise BadRequest(
                f"{message.address} has no key {_shown(name)}; the keys are {', '.join(known)}."
            )
        if name in values:
            raise BadRequest(f"{message.address} got the key {name} twice.")
        values[name] = _checked(message, known[name], value)
    return values


def _checked(message: Message, argument: Argument, value: Any) -> Value:
    if isinstance(value, NotUtf8):
        raise BadRequest(
            f"The {argument.name} of {message.address} is not UTF-8 but "
            f"{quoted(value.raw.decode('latin-1'))} in Latin-1 or another encoding; "
            "send all text as UTF-8."
        )
    if isinstance(value, str):
        if "s" in argument.types:
            text = _text(message, argument, value)
            if text is not None:
                return text
        # Text fields, symbols of Max and shells send numbers so, and it can mean nothing else.
        if _NUMBER.fullmatch(value):
            value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = _number(argument, value)
        if number is not None:
            return number
    raise BadRequest(
        f"{message.address} expects {argument.form} for {argument.name}, not {_shown(value)}."
    )


def _text(message: Message, argument: Argument, value: str) -> str | None:
    """Return the text if it fits; one of the choices as they are written."""
    if argument.choices:
        found = meant(value, argument.choices)
        return found[0] if len(found) == 1 else None
    if argument.name == "engine":
        # Which there are here is no part of the protocol; one that is not is refused by name.
        return next(iter(meant(value, ENGINES)), value)
    if argument is ID:
        try:
            check_id(value)
        except RequestError as error:
            raise BadRequest(error.message) from error
        return value
    control = "" if argument.path else control_in(value)
    if control:
        raise BadRequest(
            f"The {argument.name} of {message.address} has {control}; send it without."
        )
    size = len(value.encode("utf-8", "surrogatepass"))
    if argument.maximum is not None and size > argument.maximum:
        raise BadRequest(
            f"The {argument.name} of {message.address} has {size} bytes of UTF-8, but may have "
            f"{argument.maximum:.0f}; send a shorter one."
        )
    return value


def _number(argument: Argument, value: float) -> Value | None:
    """Return the number if it fits; whole where it has to be."""
    if not math.isfinite(value) or not ({"i", "f"} & set(argument.types)):
        return None
    if argument.minimum is not None and (
        value < argument.minimum or (argument.above and value == argument.minimum)
    ):
        return None
    if argument.maximum is not None and value > argument.maximum:
        return None
    if "f" in argument.types:
        return value
    return int(value) if value == int(value) else None


def _wrong_form(message: Message, sent: Sequence[Any]) -> BadRequest:
    shown = " ".join(_shown(value) for value in sent[:_SHOWN])
    if len(sent) > _SHOWN:
        shown += " ..."
    return BadRequest(f"The form is {message.form}; got {shown or 'no arguments'}.")


def _shown(value: Any) -> str:
    """Show a value to whoever sent it, shortened."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, NotUtf8):
        return "text that is not UTF-8"
    if isinstance(value, bool | None) or not isinstance(value, int | float):
        return f"a value of type {type(value).__name__}"
    return f"{value:.0f}" if float(value).is_integer() else repr(value)

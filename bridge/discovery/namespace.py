"""The OSCQuery namespace: the protocol as a tree of JSON nodes.

OSCQuery (https://github.com/Vidvox/OSCQueryProposal) lets programs ask a server over HTTP what it
understands. The one library for it in Python knows no ranges and listens on every interface.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.protocol import REPLIES, REQUESTS, Argument, Message, Value

#: Optional attributes that nodes may have; what HOST_INFO lists.
EXTENSIONS = {
    "ACCESS": True,
    "VALUE": True,
    "RANGE": True,
    "DESCRIPTION": True,
    "TAGS": True,
    "EXTENDED_TYPE": True,
    "UNIT": False,
    "CRITICAL": False,
    "CLIPMODE": True,
    "OVERLOADS": True,
    "LISTEN": False,
    "PATH_CHANGED": False,
    "HTML": False,
}

#: Attributes that one may ask for.
ATTRIBUTES = frozenset(
    {"FULL_PATH", "CONTENTS", "TYPE"} | {name for name, known in EXTENSIONS.items() if known}
)

_READ, _WRITE = 1, 2

Node = dict[str, Any]


def namespace(values: Mapping[str, list[Value]]) -> Node:
    """Describe the whole protocol.

    Parameters
    ----------
    values
        What nodes that can be read hold now, by address.

    Returns
    -------
    dict
        The root node.
    """
    inner: dict[str, Node] = {}
    for message in REPLIES:
        inner[_name(message)] = _reply(message, values.get(message.address))
    for message in REQUESTS:
        inner[_name(message)] = _request(message)
    umtn = _container("/umtn", "Translates recordings to other instruments.", inner)
    return _container("/", "umtn bridge", {"umtn": umtn})


def find(root: Node, path: str) -> Node | None:
    """Return the node of an OSC path."""
    node = root
    for part in filter(None, path.split("/")):
        node = node.get("CONTENTS", {}).get(part)
        if node is None:
            return None
    return node


def _container(path: str, description: str, contents: dict[str, Node]) -> Node:
    return {
        "FULL_PATH": path,
        "DESCRIPTION": description,
        "ACCESS": 0,
        "CONTENTS": contents,
    }


def _request(message: Message) -> Node:
    node = _node(message, message.arguments, _WRITE) | {"TAGS": ["request"]}
    overloads = []
    for count in range(1, len(message.optional) + 1):
        overloads.append((*message.arguments, *message.optional[:count]))
    for key in message.keys:
        name = Argument("key", "s", "Name of what follows.", choices=(key.name,))
        overloads.append((*message.arguments, name, key))
    if overloads:
        node["OVERLOADS"] = [_node(message, arguments, _WRITE) for arguments in overloads]
    return node


def _reply(message: Message, value: list[Value] | None) -> Node:
    """Describe a message that is only sent: nothing can be set, and few can be read."""
    node = _node(message, message.arguments, 0 if value is None else _READ) | {"TAGS": ["reply"]}
    return node if value is None else node | {"VALUE": value}


def _node(message: Message, arguments: tuple[Argument, ...], access: int) -> Node:
    node: Node = {
        "FULL_PATH": message.address,
        "DESCRIPTION": message.description,
        "ACCESS": access,
    }
    if arguments:
        node["TYPE"] = "".join(argument.types[-1] for argument in arguments)
        node["RANGE"] = [_range(argument) for argument in arguments]
        node["EXTENDED_TYPE"] = [argument.name for argument in arguments]
        # A value out of range is refused, not moved into it.
        node["CLIPMODE"] = ["none"] * len(arguments)
    return node


def _range(argument: Argument) -> Node:
    if argument.choices:
        return {"VALS": list(argument.choices)}
    if argument.types == "s":
        return {}
    limits = {"MIN": argument.minimum, "MAX": argument.maximum}
    return {name: limit for name, limit in limits.items() if limit is not None}


def _name(message: Message) -> str:
    return message.address.rpartition("/")[2]

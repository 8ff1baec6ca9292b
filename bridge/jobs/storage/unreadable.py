"""Records that this version cannot read.

A later version wrote them, whose jobs have something that this one knows nothing of, or they are
damaged. They are kept as they are: nothing is done with their jobs, and nothing of what is theirs
is given to others or deleted, so that the version that can read them finds all in its place.
"""

from __future__ import annotations

import math

import msgspec

from bridge.jobs.record import Record
from bridge.protocol import FINAL

_RECORD = msgspec.json.Decoder(Record)


class Unreadable(msgspec.Struct, frozen=True):
    """A record as it was found.

    Attributes
    ----------
    id
        The job's id; empty if even that cannot be told.
    text
        All of the record.
    state, updated, batch, output
        What a record of this version would have under these names, as far as can be told.
    """

    id: str
    text: bytes
    state: str = ""
    # Of what does not even say when it was written, any other copy is a better one.
    updated: float = -math.inf
    batch: str = ""
    output: str = ""

    @property
    def finished(self) -> bool:
        """Whether its state is final."""
        return self.state in FINAL


class _Asked(msgspec.Struct, frozen=True):
    id: str = ""


class _Request(msgspec.Struct, frozen=True):
    output: str = ""


class _Outline(msgspec.Struct, frozen=True):
    asked: _Asked = _Asked()
    request: _Request = _Request()
    state: str = ""
    updated: float = -math.inf
    batch: str = ""


_OUTLINE = msgspec.json.Decoder(_Outline)


def read_record(text: bytes, id: str = "") -> Record | Unreadable:
    """Read a record as far as that is possible.

    Parameters
    ----------
    text
        The record's JSON.
    id
        The job's id, where it is known apart from the record.
    """
    try:
        return _RECORD.decode(text)
    except msgspec.DecodeError:
        pass
    try:
        seen = _OUTLINE.decode(text)
    except msgspec.DecodeError:
        return Unreadable(id, text)
    known = id or seen.asked.id
    return Unreadable(known, text, seen.state, seen.updated, seen.batch, seen.request.output)

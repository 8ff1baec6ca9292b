"""Remembers which files of a store are finished, so that a re-run goes on.

A record lies under ``records/`` at the path of its audio and is written after it: where
there is a record there is a whole file. Its fingerprint stands for all that the audio
was made from; when that changes, the file is made again.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from umtn_core.data.files import write_json

FOLDER = "records"


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a finished file was made from, its length in samples, and what is odd of its source."""

    fingerprint: str
    samples: int
    remark: str = ""


def write_record(folder: Path, path: str, fingerprint: str, samples: int, remark: str = "") -> None:
    """Note that the store's file at ``path`` is finished."""
    write_json(_where(folder, path), Record(fingerprint, samples, remark))


def finished(folder: Path, path: str, fingerprint: str) -> int | None:
    """Return the length of a finished file, or None if it is to be made (again)."""
    try:
        record = msgspec.json.decode(_where(folder, path).read_bytes(), type=Record)
    except (OSError, msgspec.MsgspecError):
        return None
    present = (folder / path).is_file()
    return record.samples if present and record.fingerprint == fingerprint else None


def remark_on(folder: Path, path: str) -> str:
    """Return what is odd of the source of a finished file; empty if nothing is known of it."""
    try:
        return msgspec.json.decode(_where(folder, path).read_bytes(), type=Record).remark
    except (OSError, msgspec.MsgspecError):
        return ""


def remove_unlisted(folder: Path, listed: Iterable[str]) -> None:
    """Remove finished files that the index no longer lists.

    Only files with a record go, which are the ones this project made; whatever else
    lies in the folder is not touched.
    """
    keep = set(listed)
    records = folder / FOLDER
    for record in sorted(records.rglob("*.npy.json")):
        path = record.relative_to(records).as_posix().removesuffix(".json")
        if path not in keep:
            # The record first: without it, what a kill leaves behind counts for nothing.
            record.unlink(missing_ok=True)
            (folder / path).unlink(missing_ok=True)


def _where(folder: Path, path: str) -> Path:
    return folder / FOLDER / f"{path}.json"

"""Files in parts that are small enough to travel, and whole again.

Usage: python tools/gpu/parts.py split FILE FOLDER
       python tools/gpu/parts.py join FOLDER FILE
       python tools/gpu/parts.py checkpoint FILE FOLDER

`split` writes FILE.00, FILE.01, ... and FILE.json, which says what they are, into the folder;
`join` puts the one such file of a folder together, and fails if a byte is missing or another.
`checkpoint` is `split` for a checkpoint, which is made smaller if it is more than may come back:
then a new run can begin with its weights, but it cannot be gone on with.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

#: Bytes of a part, and of all parts that may come back.
PART, MOST = 15_000_000, 58_000_000


def split(file: Path, folder: Path) -> None:
    """Write a file in parts; whatever was there of it before is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    content = file.read_bytes()
    names = []
    for number, begin in enumerate(range(0, len(content), PART)):
        names.append(f"{file.name}.{number:02d}")
        (folder / f".{names[-1]}").write_bytes(content[begin : begin + PART])
    # Whoever is cut off while writing leaves the parts of before, and in the moment that is left
    # parts without a table, which are not taken for whole.
    table = folder / f"{file.name}.json"
    table.unlink(missing_ok=True)
    for old in set(folder.glob(f"{file.name}.[0-9][0-9]")) - {folder / name for name in names}:
        old.unlink()
    for name in names:
        (folder / f".{name}").replace(folder / name)
    told = {"name": file.name, "parts": names, "sha256": hashlib.sha256(content).hexdigest()}
    table.write_text(json.dumps(told) + "\n", encoding="utf-8")


def join(folder: Path, file: Path) -> None:
    """Put the file together whose parts lie in a folder.

    Raises
    ------
    SystemExit
        If the folder has no parts, or they are not what was split.
    """
    tables = [table for table in folder.glob("*.json") if _is_table(table)]
    if len(tables) != 1:
        raise SystemExit(f"{folder} has {len(tables)} files in parts, where there must be one.")
    told = json.loads(tables[0].read_text(encoding="utf-8"))
    try:
        content = b"".join((folder / name).read_bytes() for name in told["parts"])
    except OSError as error:
        raise SystemExit(f"A part is missing: {error}. Fetch them again.") from error
    if hashlib.sha256(content).hexdigest() != told["sha256"]:
        raise SystemExit(f"The parts in {folder} are not what was split: fetch them again.")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def split_checkpoint(file: Path, folder: Path) -> None:
    """Write a checkpoint in parts, smaller if it is too large."""
    # As it is now: a run may replace it meanwhile.
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / file.name
        shutil.copyfile(file, copy)
        if copy.stat().st_size > MOST:
            from umtn_core.training.checkpoint import slim

            slim(copy, copy)
        split(copy, folder)


def _is_table(file: Path) -> bool:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return isinstance(told, dict) and {"name", "parts", "sha256"} <= set(told)


def main() -> None:
    """Do what the command line says."""
    commands = {"split": split, "join": join, "checkpoint": split_checkpoint}
    if len(sys.argv) != 4 or sys.argv[1] not in commands:
        raise SystemExit(__doc__)
    commands[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))


if __name__ == "__main__":
    main()

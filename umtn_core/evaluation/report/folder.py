"""A folder that appears when it is complete, or never."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from umtn_core.errors import UmtnError

#: What a report is known by.
REPORT = "report.json"


def check_place(path: Path, *, overwrite: bool) -> None:
    """Refuse early a place that `whole_folder` would refuse after the work is done.

    Raises
    ------
    UmtnError
        If something is there that may not be replaced.
    """
    if not path.exists():
        return
    if not path.is_dir() or (any(path.iterdir()) and not (path / REPORT).is_file()):
        raise UmtnError(f"{path} is not a report, so it will not be overwritten.")
    if any(path.iterdir()) and not overwrite:
        raise UmtnError(f"{path} exists already; choose another place, or ask to overwrite it.")


@contextmanager
def whole_folder(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a hidden folder beside a path, which takes its name once the block has ended well.

    Parameters
    ----------
    path
        The path that the folder is to have.
    overwrite
        Whether an older report there may be replaced.

    Raises
    ------
    UmtnError
        If something is there that may not be replaced, or it cannot be written.
    """
    check_place(path, overwrite=overwrite)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise UmtnError(f"Cannot write to {path.parent}: {error.strerror or error}.") from error
    try:
        (folder / "new").mkdir()
        yield folder / "new"
        if path.exists():
            path.rename(folder / "old")
        (folder / "new").rename(path)
    except OSError as error:
        if (folder / "old").exists() and not path.exists():
            (folder / "old").rename(path)
        raise UmtnError(f"Cannot write the report {path}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)

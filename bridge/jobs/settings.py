"""What the user of a bridge decides about its jobs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import platformdirs

from umtn_core.errors import UmtnError


def default_data_folder() -> Path:
    """Say where jobs are stored: in the user's data folder.

    Raises
    ------
    UmtnError
        If this user has no home.
    """
    return _users_data_folder() / "bridge"


def default_session_folder() -> Path:
    """Say where clients put files for the bridge, and it for them.

    Raises
    ------
    UmtnError
        If this user has no home.
    """
    return _users_data_folder() / "sessions"


def _users_data_folder() -> Path:
    problem: RuntimeError | None = None
    try:
        folder = Path(platformdirs.user_data_path("umtn", appauthor=False))
        # Some versions leave the tilde.
        if folder.is_absolute():
            return folder
    except RuntimeError as error:
        problem = error
    raise UmtnError(
        "This user has no home folder for the bridge's jobs and results; set HOME, or name folders "
        "with --data-folder and --session-folder."
    ) from problem


@dataclass(frozen=True)
class JobSettings:
    """Folders and limits.

    Parameters
    ----------
    data_folder
        The folder of the job store and the saved states of jobs under way. One bridge at a time
        uses it.
    session_folder
        The folder in which files may be read and written; made if it is missing.
    allowed
        Further folders that files may be read from and written to.
    most_queued
        The number of jobs that may wait; more are refused as ``busy``.
    longest_seconds
        The length in seconds that one region may have.
    largest_bytes
        The size in bytes that one input file may have.
    cores
        The cores that renders on the processor use in all; None, every one that this process may.
    workers
        The number of render processes that share those cores. More let short jobs pass long ones,
        each with fewer cores and its own copy of the model.
    together
        The number of compatible jobs decoded as one batch, at most.
    save_every
        The seconds of decoding between two saved states; saving costs at most a twentieth of the
        time, so with large states it is longer.
    keep_days
        Finished jobs are forgotten after so long, with their results in the session folder;
        None, never.
    keep_bytes
        The oldest results in the session folder are deleted when all take up more; None, never.
    most_remembered
        The number of finished jobs remembered, at most; the files of those forgotten stay.
    preview_folder
        The folder that previews of instruments are kept in; None, none are made.
    result_mode
        The permissions of results outside the session folder, where they are the user's files like
        any other; None, those that all the bridge's files get.
    """

    data_folder: Path
    session_folder: Path
    allowed: tuple[Path, ...] = ()
    most_queued: int = 10_000
    longest_seconds: float = 3600.0
    largest_bytes: int = 16 * 2**30
    cores: int | None = None
    workers: int = 1
    together: int = 8
    save_every: float = 2.0
    keep_days: float | None = None
    keep_bytes: int | None = None
    most_remembered: int = 20_000
    preview_folder: Path | None = None
    result_mode: int | None = None

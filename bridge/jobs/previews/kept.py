"""The folder of previews that were made, in the user's cache."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Collection, Iterable
from pathlib import Path

import msgspec
import platformdirs

from bridge.jobs.previews.phrase import VERSION
from bridge.own_folders import make_own, strangers_in
from umtn_core.bundle.manifest import Manifest
from umtn_core.errors import UmtnError

#: What is called so was put here by a bridge; nothing else is touched.
_OURS = re.compile(r"[0-9a-f]{32}(\.in)?\.wav")

#: Seconds since somebody heard it after which a preview of a model that is gone is deleted: another
#: bridge of the user may look for models elsewhere.
_FORGOTTEN = 24 * 3600.0
#: Previews beyond this many go, those first that nobody has heard for the longest: 130 MB.
MOST = 200


def default_preview_folder() -> Path | None:
    """Say where previews are kept: in the user's cache; None, this user has no home."""
    with contextlib.suppress(RuntimeError):
        folder = Path(platformdirs.user_cache_path("umtn", appauthor=False))
        # Some versions leave the tilde.
        if folder.is_absolute():
            return folder / "previews"
    return None


def key_of(manifest: Manifest, target: str) -> str:
    """Name a preview after what it depends on: the model's contents, the instrument, the phrase.

    The manifest has the checksums of all of a model's files.
    """
    text = msgspec.json.encode([VERSION, target, manifest], order="deterministic")
    return hashlib.sha256(text).hexdigest()[:32]


class KeptPreviews:
    """What was made. All methods may wait for the disk, and raise OSError.

    Parameters
    ----------
    folder
        Where; made when it is needed.
    """

    def __init__(self, folder: Path):
        self.folder = Path(os.path.realpath(folder))

    def make_folder(self) -> None:
        """Make the folder, for this user alone.

        Raises
        ------
        UmtnError
            If others could put files into it.
        """
        make_own(self.folder)
        if found := strangers_in(self.folder):
            raise UmtnError(f"The folder of previews, {self.folder}, {found}; remove it.")

    def path(self, key: str) -> Path:
        """Name the file of a preview."""
        return self.folder / f"{key}.wav"

    def input(self, key: str) -> Path:
        """Name the file of the phrase, which is there while a preview is being made."""
        return self.folder / f"{key}.in.wav"

    def heard(self, key: str) -> bool:
        """Say whether a preview is there; if so, somebody hears it now."""
        try:
            os.utime(self.path(key))
        except FileNotFoundError:
            return False
        return True

    def prune(self, wanted: Collection[str], under_way: Iterable[str]) -> None:
        """Delete what nobody will hear again.

        Parameters
        ----------
        wanted
            The keys of all previews of the models that there are.
        under_way
            Those that are being made.
        """
        making = set(under_way)
        heard: list[tuple[float, Path]] = []
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            key = path.name.partition(".")[0]
            if not _OURS.fullmatch(path.name) or key in making:
                continue
            when = path.lstat().st_mtime
            is_phrase = path == self.input(key)
            if is_phrase or (key not in wanted and time.time() - when > _FORGOTTEN):
                path.unlink(missing_ok=True)
            else:
                heard.append((when, path))
        for _, path in sorted(heard)[: max(0, len(heard) - MOST)]:
            path.unlink(missing_ok=True)

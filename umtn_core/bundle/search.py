"""Where models are looked for when they are asked for by name."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from umtn_core.bundle.files import no_bundle, open_storage, read_manifest_of
from umtn_core.bundle.manifest import MANIFEST, Manifest, read_manifest
from umtn_core.errors import UmtnError
from umtn_core.names import did_you_mean, meant
from umtn_core.values import shown

#: Folders with models in them, before all others; several are divided as in PATH.
VARIABLE = "UMTN_MODELS"

#: Seconds after which a file's times tell whether it has changed since.
_SETTLED = 2.0


@dataclass(frozen=True)
class Installed:
    """A model on the search path.

    Attributes
    ----------
    name : str
        What to ask for it by.
    path : Path
    manifest : Manifest or None
    error : str or None
        Why the manifest cannot be read.
    """

    name: str
    path: Path
    manifest: Manifest | None
    error: str | None


def search_path() -> list[Path]:
    """List the folders that models are looked for in, first to last.

    Those of ``$UMTN_MODELS``, the user's data folder, and what came with umtn.
    """
    named = [Path(part) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    package = Path(__file__).resolve().parents[1]
    try:
        users = [Path(platformdirs.user_data_dir("umtn", appauthor=False)) / "models"]
    except RuntimeError:
        # A user who has no home, as services may.
        users = []
    return [
        *named,
        *users,
        package / "models",  # an installed wheel
        package.parent / "models",  # a checkout
    ]


def find_bundle(path_or_name: str | os.PathLike[str]) -> Path:
    """Find the bundle that a path or a name means.

    Anything with a separator or an ending is a path, and so is what exists here. The manifest in
    a bundle's folder means the folder.

    Raises
    ------
    UmtnError
        If no model of that name is installed, or it is neither text nor a path.
    """
    named = os.fspath(path_or_name) if isinstance(path_or_name, os.PathLike) else path_or_name
    if not isinstance(named, str):
        raise UmtnError(f"The model must be a Bundle, a path or a name, not {shown(path_or_name)}.")
    typed = os.path.expanduser(named)
    path, seps = Path(typed), os.sep + (os.altsep or "")
    if path.name == MANIFEST and os.path.isfile(path):
        return path.parent
    has_folder = bool(os.path.dirname(str(typed).rstrip(seps)))
    if isinstance(path_or_name, os.PathLike) or has_folder or path.suffix == ".zip":
        return path
    is_folder = named.endswith(tuple(seps)) and os.path.isdir(path)
    for folder in [] if is_folder else search_path():
        for candidate in (folder / path.name, folder / f"{path.name}.zip"):
            if path.name and _is_bundle(candidate):
                return candidate
    if named and os.path.exists(path):
        return path
    return model_meant(path.name, installed_bundles()).path


def model_meant(typed: str, models: Iterable[Installed]) -> Installed:
    """Find the installed model that a person means by a name.

    Parameters
    ----------
    typed
        What was written: capital letters, blanks, hyphens and underscores do not matter where one
        model alone can be meant.
    models
        The models that are installed.

    Raises
    ------
    UmtnError
        If there is none of that name, or several are.
    """
    known = {model.name: model for model in models}
    found = meant(typed, known)
    if len(found) > 1:
        raise UmtnError(
            f"{shown(typed)} can mean the model {' or '.join(found)}: write one of these."
        )
    if not found:
        there = f"there is {', '.join(known)}" if known else f"put one into a folder of ${VARIABLE}"
        raise UmtnError(
            f"No model {shown(typed)} is installed{did_you_mean(typed, known)}; {there}."
        )
    return known[found[0]]


def installed_bundles() -> list[Installed]:
    """List the models on the search path, those hidden behind another's name left out.

    Only the manifests are read, and those alone that have changed since the last time. What is no
    bundle although it looks like one is among them, with its error.
    """
    found: dict[str, Installed] = {}
    for folder in search_path():
        for path in _candidates(folder):
            name = path.name.removesuffix(".zip")
            if name not in found and _is_bundle(path):
                found[name] = _looked_at(path, name)
    _KNOWN.replace(found.values())
    return list(found.values())


class _Known:
    """The models whose manifests were whole when they were last looked at, and what was read."""

    def __init__(self) -> None:
        self._models: dict[tuple[Path, str], tuple[object, Installed]] = {}

    def get(self, path: Path, name: str, state: object) -> Installed | None:
        """Return what was read where nothing has changed since."""
        then, model = self._models.get((path, name), (None, None))
        return model if state is not None and then == state else None

    def put(self, model: Installed, state: object) -> None:
        """Keep what was read in a state."""
        if model.manifest is not None and state is not None:
            self._models[model.path, model.name] = state, model

    def replace(self, models: Iterable[Installed]) -> None:
        """Forget all but these."""
        kept = {(model.path, model.name) for model in models}
        self._models = {key: each for key, each in list(self._models.items()) if key in kept}


_KNOWN = _Known()


def _looked_at(path: Path, name: str) -> Installed:
    state = _state(path)
    known = _KNOWN.get(path, name, state)
    if known is None:
        known = look_at(path, name)
        _KNOWN.put(known, state)
    return known


def _state(path: Path) -> object:
    """Tell what changes when a manifest does; None if there is no telling.

    A file that was changed a moment ago may change again within the clock's tick.
    """
    try:
        status = os.stat(path / MANIFEST if os.path.isdir(path) else path)
    except (OSError, ValueError):
        return None
    if abs(time.time() - status.st_ctime) < _SETTLED:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _candidates(folder: Path) -> list[Path]:
    """List what may be a bundle in a folder that may not be there, or not for us.

    Raises
    ------
    UmtnError
        If it cannot be told, since this process or the system has too many files open.
    """
    try:
        with os.scandir(folder) as entries:
            return sorted(folder / each.name for each in entries if _may_be_bundle(each))
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise UmtnError(f"Cannot look for models: {error.strerror}; try again.") from error
        return []


def _may_be_bundle(entry: os.DirEntry[str]) -> bool:
    """Tell what is a folder or ends in ``.zip``, without another look at the disk for most."""
    try:
        return entry.name.endswith(".zip") or entry.is_dir()
    except OSError:  # a link that leads back to itself
        return False


def _is_bundle(path: Path) -> bool:
    """Tell what is, or claims to be, a bundle: it may be a broken one.

    Those of `os.path` find no file where there is no telling, say of a name that is too long.
    """
    if os.path.lexists(path / MANIFEST):
        return True
    return path.suffix == ".zip" and os.path.lexists(path) and not os.path.isdir(path)


def look_at(path: Path, name: str) -> Installed:
    """Read what a bundle says of itself, and no more of it; ``name`` is what it is asked for by."""
    try:
        with open_storage(path, name) as storage:
            text = read_manifest_of(storage)
        return Installed(name, path, read_manifest(text, name), None)
    except KeyError:
        return Installed(name, path, None, no_bundle(name, f"it has no {MANIFEST}"))
    except UmtnError as error:
        return Installed(name, path, None, str(error))
    except MemoryError:
        return Installed(name, path, None, f"There is not enough memory to read {name}.")

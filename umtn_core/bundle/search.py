"""Where models are looked for when they are asked for by name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from umtn_core.bundle.files import open_storage
from umtn_core.bundle.manifest import MANIFEST, Manifest, read_manifest
from umtn_core.errors import UmtnError

#: Folders with models in them, before all others; several are divided as in PATH.
VARIABLE = "UMTN_MODELS"


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
    return [
        *named,
        Path(platformdirs.user_data_dir("umtn", appauthor=False)) / "models",
        package / "models",  # an installed wheel
        package.parent / "models",  # a checkout
    ]


def find_bundle(path_or_name: str | Path) -> Path:
    """Find the bundle that a path or a name means.

    Anything with a separator or an ending is a path, and so is what exists here.

    Raises
    ------
    UmtnError
        If no model of that name is installed.
    """
    path = Path(path_or_name).expanduser()
    if isinstance(path_or_name, Path) or len(path.parts) > 1 or path.suffix == ".zip":
        return path
    for folder in search_path():
        for candidate in (folder / path.name, folder / f"{path.name}.zip"):
            if path.name and _is_bundle(candidate):
                return candidate
    if path.exists():
        return path
    installed = ", ".join(model.name for model in installed_bundles())
    advice = f"there is {installed}" if installed else f"put one into a folder of ${VARIABLE}"
    raise UmtnError(f"No model {str(path_or_name)!r} is installed; {advice}.")


def installed_bundles() -> list[Installed]:
    """List the models on the search path, those hidden behind another's name left out.

    Only the manifests are read.
    """
    found: dict[str, Installed] = {}
    for folder in search_path():
        entries = sorted(folder.iterdir()) if folder.is_dir() else []
        for path in entries:
            name = path.name.removesuffix(".zip")
            if name not in found and _is_bundle(path):
                found[name] = _installed(name, path)
    return list(found.values())


def _is_bundle(path: Path) -> bool:
    return (path / MANIFEST).is_file() or (path.suffix == ".zip" and path.is_file())


def _installed(name: str, path: Path) -> Installed:
    try:
        text = open_storage(path).read(MANIFEST)
        return Installed(name, path, read_manifest(text, str(path)), None)
    except KeyError:
        return Installed(name, path, None, f"{path} is not a model bundle: it has no {MANIFEST}")
    except UmtnError as error:
        return Installed(name, path, None, str(error))

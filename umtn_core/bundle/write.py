"""Writing a bundle, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from umtn_core.bundle.manifest import MANIFEST, Manifest
from umtn_core.errors import UmtnError


def write_bundle(
    path: str | Path, manifest: Manifest, graphs: Mapping[str, bytes], *, overwrite: bool = False
) -> Path:
    """Write a bundle's folder beside its place, then rename it.

    Parameters
    ----------
    path
        Of the folder.
    manifest
        Everything but ``files``, which is filled in.
    graphs
        Contents of each file, by name.
    overwrite
        Replace a bundle that is there already.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UmtnError
        If something is there that may not be replaced, or it cannot be written.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise UmtnError(f"{path} exists already; choose another place, or ask to overwrite it")
    if path.exists() and not (path / MANIFEST).is_file():
        raise UmtnError(f"{path} is not a model bundle, so it will not be overwritten")
    missing = sorted(set(manifest.graph_files) - set(graphs))
    if missing:
        raise ValueError(f"no contents for {', '.join(missing)}")
    manifest = msgspec.structs.replace(
        manifest,
        files={name: hashlib.sha256(graphs[name]).hexdigest() for name in sorted(graphs)},
    )
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise UmtnError(f"cannot write to {path.parent}: {error.strerror}") from error
    try:
        for name, contents in {**graphs, MANIFEST: text}.items():
            _write_through(folder / name, contents)
        folder.chmod(0o755)
        _put_in_place(folder, path)
    except OSError as error:
        raise UmtnError(f"cannot write the model bundle {path}: {error.strerror}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return path


def _write_through(path: Path, contents: bytes) -> None:
    with path.open("wb") as file:
        file.write(contents)
        file.flush()
        os.fsync(file.fileno())


def _put_in_place(folder: Path, path: Path) -> None:
    """Rename a finished folder, an older one of that name stepping aside first."""
    if not path.exists():
        folder.rename(path)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{path.name}.old.", dir=path.parent))
    path.rename(aside / path.name)
    try:
        folder.rename(path)
    except OSError:
        (aside / path.name).rename(path)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)

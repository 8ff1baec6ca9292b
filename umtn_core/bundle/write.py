"""Writing a bundle, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from umtn_core.audio.whole_file import whole_file
from umtn_core.bundle.files import no_bundle, open_storage, read_manifest_of
from umtn_core.bundle.manifest import MANIFEST, Manifest, read_manifest
from umtn_core.errors import UmtnError


def write_bundle(
    path: str | Path, manifest: Manifest, graphs: Mapping[str, bytes], *, overwrite: bool = False
) -> Path:
    """Write a bundle's folder beside its place, then rename it.

    Parameters
    ----------
    path
        The folder to write.
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
        raise UmtnError(f"{path} exists already; choose another place, or ask to overwrite it.")
    if path.exists() and not (path / MANIFEST).is_file():
        raise UmtnError(f"{path} is not a model bundle, so it will not be overwritten.")
    missing = sorted(set(manifest.graph_files) - set(graphs))
    if missing:
        raise ValueError(f"no contents for {', '.join(missing)}")
    text = _text(with_checksums(manifest, graphs))
    # What could not be read again is not written.
    read_manifest(text, str(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise UmtnError(f"Cannot write to {path.parent}: {error.strerror}.") from error
    try:
        for name, contents in {**graphs, MANIFEST: text}.items():
            _write_through(folder / name, contents)
        folder.chmod(0o755)
        _put_in_place(folder, path)
    except OSError as error:
        raise UmtnError(f"Cannot write the model bundle {path}: {error.strerror}.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return path


def with_checksums(manifest: Manifest, graphs: Mapping[str, bytes]) -> Manifest:
    """Fill in ``files`` for these contents."""
    sums = {name: hashlib.sha256(graphs[name]).hexdigest() for name in sorted(graphs)}
    return msgspec.structs.replace(manifest, files=sums)


def amend_manifest(path: str | Path, **changes: Any) -> Manifest:
    """Change what a bundle's folder says of itself, say once its quality was measured.

    Parameters
    ----------
    path
        The bundle's folder.
    **changes
        Fields of `Manifest`, other than ``shape``, ``domains`` and ``files``.

    Returns
    -------
    Manifest
        As it is now.

    Raises
    ------
    UmtnError
        If there is no bundle, or its manifest would not be valid or cannot be written.
    """
    if fixed := {"schema", "shape", "domains", "files"} & set(changes):
        raise ValueError(f"{', '.join(sorted(fixed))} cannot change without the graphs")
    file = Path(path) / MANIFEST
    try:
        with open_storage(Path(path), str(path)) as storage:
            found = read_manifest(read_manifest_of(storage), str(path))
        manifest = msgspec.structs.replace(found, **changes)
        text = _text(manifest)
        read_manifest(text, str(path))
        with whole_file(file, overwrite=True) as out:
            out.write(text)
    except KeyError as error:
        raise UmtnError(no_bundle(str(path), f"it has no {MANIFEST}")) from error
    except OSError as error:
        raise UmtnError(f"Cannot change {file}: {error.strerror}.") from error
    return manifest


def _text(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


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

"""Makes a store of recordings: one folder of audio for each domain."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path, PurePosixPath

from umtn_core.data.collection import Contents, Item, open_collection
from umtn_core.data.licences import NOT_STATED, is_licence_file, licence_text
from umtn_core.data.pool import OnItem
from umtn_core.data.reading import SAMPLE_RATE, SourceFile, finish, read_all, refuse_recipes
from umtn_core.data.split import Split, split_by_name
from umtn_core.data.store import Skipped, Store
from umtn_core.errors import UmtnError

_DOMAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def prepare(
    source: str | os.PathLike[str],
    store: str | os.PathLike[str],
    *,
    licence: str | None = None,
    workers: int = 1,
    progress: OnItem | None = None,
    sample_rate: int = SAMPLE_RATE,
    valid: float = 0.05,
    test: float = 0.05,
) -> Store:
    """Make a store of a folder that has one sub-folder of audio for each domain.

    Files become mono (the mean of their channels) at one rate, keep their level unless
    it passes full scale, and are split by file within each domain. What cannot be used
    is listed with the reason in the index's ``skipped``. A run that was interrupted, or
    to whose source files were added, goes on where it was. One process at a time may
    work on a store.

    Parameters
    ----------
    source
        The folder, or a tar or zip archive of one; sub-folders of a domain's folder
        belong to the domain. An archive may hold one folder around all domains.
    store
        The folder to make, outside ``source``.
    licence
        The terms of the recordings in folders without a LICENCE file of their own.
    workers
        The number of processes that read; each holds one recording in memory.
    progress
        Called as ``progress(stage, done, total, name)``, with stage ``audio``.
    sample_rate
        The rate of the store's audio, in samples a second.
    valid, test
        Shares of each domain's files that are set aside.

    Returns
    -------
    the finished store

    Raises
    ------
    UmtnError
        If there are no domains, a domain has no usable file, a name cannot be a
        domain's, the archive is damaged, or a file cannot be written.
    """
    folder = Path(store)
    collection = open_collection(source)
    if folder.resolve().is_relative_to(collection.path.resolve()):
        raise UmtnError("The store must lie outside the folder of recordings: choose another.")
    refuse_recipes(folder)
    contents, misnamed = _named(collection.contents(is_licence_file))
    top = () if collection.path.is_dir() else _folder_around_all(contents)
    domains = _domains(contents, top, collection.path)
    skipped = misnamed + [
        Skipped(source=item.name, reason="It lies outside the domains' folders.")
        for item in contents.items
        if len(_inner(item, top)) == 1 and not _hidden(item) and not is_licence_file(item.name)
    ]
    general = _licence(contents, top) or licence or NOT_STATED
    terms = {domain: _licence(contents, (*top, domain)) or general for domain in domains}
    files = [
        SourceFile(item, _inner(item, top)[0], terms[_inner(item, top)[0]], sample_rate)
        for item in contents.items
        if len(_inner(item, top)) > 1 and not _hidden(item) and not is_licence_file(item.name)
    ]
    lengths, unusable = read_all(collection, files, folder, workers=workers, progress=progress)
    splits: dict[str, Split] = {}
    for domain in domains:
        usable = [f.item.name for f in files if f.domain == domain and f.path in lengths]
        if not usable:
            begins = "/".join((*top, domain)) + "/"
            reason = next((s.reason for s in unusable if s.source.startswith(begins)), "")
            raise UmtnError(f"The domain {domain} has no usable file. {reason}".strip())
        splits |= split_by_name(usable, valid=valid, test=test)
    return finish(folder, files, lengths, splits, skipped + unusable, sample_rate)


def _named(contents: Contents) -> tuple[Contents, list[Skipped]]:
    """Leave out files whose names are no text, which no index can list."""
    named, skipped = [], []
    for item in contents.items:
        shown = item.name.encode("utf-8", "backslashreplace").decode()
        if shown == item.name:
            named.append(item)
        else:
            skipped.append(Skipped(source=shown, reason="Its name is not UTF-8; rename it."))
    return replace(contents, items=named), skipped


def _inner(item: Item, top: tuple[str, ...]) -> tuple[str, ...]:
    """A file's path below the folder that holds the domains."""
    return PurePosixPath(item.name).parts[len(top) :]


def _hidden(item: Item) -> bool:
    return any(part.startswith(".") for part in PurePosixPath(item.name).parts)


def _folder_around_all(contents: Contents) -> tuple[str, ...]:
    """The one folder in which an archive keeps all domains, if there is one."""
    visible = [_inner(item, ()) for item in contents.items if not _hidden(item)]
    roots = {parts[0] for parts in visible}
    deeper = {parts[1] for parts in visible if len(parts) > 2}
    return (roots.pop(),) if len(roots) == 1 and deeper else ()


def _domains(contents: Contents, top: tuple[str, ...], path: Path) -> list[str]:
    """Name the domains, which are the sub-folders."""
    found = {
        _inner(item, top)[0]
        for item in contents.items
        if len(_inner(item, top)) > 1 and not _inner(item, top)[0].startswith(".")
    }
    if path.is_dir():
        # A folder with nothing in it is named as well, not passed over.
        found |= {f.name for f in path.iterdir() if f.is_dir() and not f.name.startswith(".")}
    if not found:
        raise UmtnError(f"{path} has no sub-folders: put the audio of each instrument in its own.")
    for name in sorted(found):
        # The name becomes part of file names in stores and bundles.
        if not _DOMAIN.fullmatch(name):
            raise UmtnError(
                f"The folder {name!r} cannot name a domain: "
                "rename it, with up to 64 letters, digits, - and _ only."
            )
    return sorted(found)


def _licence(contents: Contents, folder: tuple[str, ...]) -> str | None:
    """What the licence file of a folder says, if it has one."""
    for name, text in sorted(contents.texts.items()):
        if PurePosixPath(name).parts[:-1] == folder:
            return licence_text(name, text)
    return None

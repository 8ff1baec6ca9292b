"""A model bundle, opened and checked."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from umtn_core.bundle.expected import ExpectedGraph, expected_graphs
from umtn_core.bundle.files import Storage, no_bundle, open_storage, read_manifest_of
from umtn_core.bundle.graph_check import check_graph
from umtn_core.bundle.manifest import (
    ENCODER,
    MANIFEST,
    Domain,
    Manifest,
    conditioner_file,
    decoder_file,
    postfilter_file,
    read_manifest,
)
from umtn_core.bundle.search import find_bundle
from umtn_core.bundle.write import with_checksums
from umtn_core.coding import Coding
from umtn_core.errors import UmtnError
from umtn_core.postfilter_shape import PostfilterShape
from umtn_core.shape import NetworkShape
from umtn_core.values import shown

#: Bytes that all graphs of a bundle may take; they are kept in memory.
LARGEST_BUNDLE = 2**32


class Bundle:
    """A trained network as the run time sees it: a manifest and graphs.

    Made by `Bundle.open`, which checks everything: each file is read once, and what is
    handed out later is what was checked.

    Attributes
    ----------
    path : Path
        The folder or zip.
    manifest : Manifest
    called : str
        The name or path that it was asked for by: what to call it before whoever asked.
    """

    def __init__(
        self, path: Path, manifest: Manifest, files: dict[str, bytes], called: str | None = None
    ):
        self.path = path
        self.manifest = manifest
        self.called = manifest.name if called is None else called
        self._files = files

    @classmethod
    def open(cls, path_or_name: str | os.PathLike[str]) -> Bundle:
        """Open a bundle and check its schema, checksums and graphs.

        Parameters
        ----------
        path_or_name
            A folder, the manifest in it, a zip of one, or the name of an installed model.

        Returns
        -------
        Bundle

        Raises
        ------
        UmtnError
            If it is not there, or not whole: one sentence says which part.
        """
        path, called = find_bundle(path_or_name), os.fspath(path_or_name).strip()
        try:
            with open_storage(path, called) as storage:
                manifest, files = _read_all(storage, called)
        except MemoryError as error:
            raise UmtnError(f"There is not enough memory for the model bundle {called}.") from error
        return cls(path, manifest, files, called)

    @classmethod
    def in_memory(cls, manifest: Manifest, graphs: Mapping[str, bytes]) -> Bundle:
        """Make a bundle that is not on the disk, say one still to be judged."""
        return cls(Path(manifest.name), with_checksums(manifest, graphs), dict(graphs))

    @property
    def name(self) -> str:
        """What the model is called."""
        return self.manifest.name

    @property
    def shape(self) -> NetworkShape:
        """Shape of the network."""
        return self.manifest.shape

    @property
    def domains(self) -> tuple[str, ...]:
        """Names of the domains that can be translated to."""
        return tuple(domain.name for domain in self.manifest.domains)

    def contents(self, name: str) -> bytes:
        """Return one of the bundle's files, as it was checked."""
        return self._files[name]

    @property
    def encoder(self) -> bytes:
        """The encoder graph, an ONNX file's contents."""
        return self.contents(ENCODER)

    def conditioner(self, domain: str) -> bytes:
        """Return a domain's conditioner graph, an ONNX file's contents."""
        return self.contents(conditioner_file(self._known(domain)))

    def decoder(self, domain: str) -> bytes:
        """Return a domain's decoder step graph, an ONNX file's contents."""
        return self.contents(decoder_file(self._known(domain)))

    def coding(self, domain: str) -> Coding:
        """Return what makes audio of the codes of a domain's decoder, and codes of audio."""
        return Coding(self.shape, self._domain(domain).band_gains)

    def postfilter(self, domain: str) -> tuple[bytes, PostfilterShape] | None:
        """Return a domain's post-filter, an ONNX file's contents and its form, if it has one."""
        shape = self._domain(domain).postfilter
        return None if shape is None else (self.contents(postfilter_file(domain)), shape)

    def decoder_fingerprint(self, domain: str) -> str:
        """Name the weights of a domain's decoder and conditioner."""
        self._known(domain)
        files = self.manifest.files
        return files[decoder_file(domain)] + files[conditioner_file(domain)]

    def _domain(self, name: str) -> Domain:
        self._known(name)
        return next(domain for domain in self.manifest.domains if domain.name == name)

    def _known(self, domain: str) -> str:
        if domain not in self.domains:
            raise UmtnError(
                f"The model {self.called} has no domain {domain!r}; "
                f"it has {', '.join(self.domains)}."
            )
        return domain


def _read_all(storage: Storage, called: str) -> tuple[Manifest, dict[str, bytes]]:
    """Read the manifest and the graphs that it asks for; sizes are looked at before contents."""
    try:
        manifest = read_manifest(read_manifest_of(storage), called)
    except KeyError as error:
        raise UmtnError(no_bundle(called, f"it has no {MANIFEST}")) from error
    for name in manifest.files:
        if "/" in name or "\\" in name or name.startswith("."):
            raise UmtnError(
                f"The manifest of the model bundle {called} names a file outside it: {shown(name)}."
            )
    expected = expected_graphs(manifest)
    if sum(graph.most for graph in expected.values()) > LARGEST_BUNDLE:
        raise UmtnError(
            f"The model bundle {called} would take more than {LARGEST_BUNDLE >> 30} GB; divide its "
            "domains among several."
        )
    for name, graph in expected.items():
        _check_size(storage, name, graph, called)
    files = {}
    for name, graph in expected.items():
        contents = storage.read(name, graph.most)
        if hashlib.sha256(contents).hexdigest() != manifest.files[name]:
            raise UmtnError(
                f"{name} in the model bundle {called} is not the file that its manifest describes "
                "(wrong checksum); get the bundle again."
            )
        check_graph(contents, graph, f"{name} in the model bundle {called}")
        files[name] = contents
    return manifest, files


def _check_size(storage: Storage, name: str, graph: ExpectedGraph, called: str) -> None:
    try:
        size = storage.size(name)
    except KeyError as error:
        raise UmtnError(
            f"The model bundle {called} has no {name}; get the bundle again."
        ) from error
    if not graph.least <= size <= graph.most:
        raise UmtnError(
            f"{name} in the model bundle {called} is not the file that its manifest describes "
            f"({size} bytes, where its graph has {graph.least} to {graph.most}); get the bundle "
            "again."
        )

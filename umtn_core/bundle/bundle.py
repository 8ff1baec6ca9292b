"""A model bundle, opened and checked."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from umtn_core.bundle.files import Storage, no_bundle, open_storage
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
from umtn_core.bundle.onnx_file import GraphFile
from umtn_core.bundle.ports import check_ports, expected_ports
from umtn_core.bundle.search import find_bundle
from umtn_core.bundle.write import with_checksums
from umtn_core.coding import Coding
from umtn_core.errors import UmtnError
from umtn_core.postfilter_shape import PostfilterShape
from umtn_core.shape import NetworkShape


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
        storage = open_storage(path, called)
        try:
            manifest = read_manifest(storage.read(MANIFEST), called)
        except KeyError as error:
            raise UmtnError(no_bundle(called, f"it has no {MANIFEST}")) from error
        files = {name: _read(storage, name, manifest, called) for name in manifest.files}
        for name, ports in expected_ports(manifest).items():
            where = f"{name} in the model bundle {called}"
            try:
                graph = GraphFile.parse(files[name])
            except UmtnError as error:
                raise UmtnError(f"{where} is not an ONNX file.") from error
            check_ports(graph, ports, where)
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


def _read(storage: Storage, name: str, manifest: Manifest, called: str) -> bytes:
    if "/" in name or "\\" in name or name.startswith("."):
        raise UmtnError(
            f"The manifest of the model bundle {called} names a file outside it: {name}."
        )
    try:
        contents = storage.read(name)
    except KeyError as error:
        raise UmtnError(
            f"The model bundle {called} has no {name}; get the bundle again."
        ) from error
    if hashlib.sha256(contents).hexdigest() != manifest.files[name]:
        raise UmtnError(
            f"{name} in the model bundle {called} is not the file that its manifest describes "
            "(wrong checksum); get the bundle again."
        )
    return contents

"""What a bundle with added domains keeps of the bundle that it extends."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from umtn_core.bundle import Bundle
from umtn_core.bundle.manifest import ENCODER, conditioner_file, decoder_file, postfilter_file
from umtn_core.errors import UmtnError
from umtn_core.networks import UniversalMusicTranslationNetwork
from umtn_core.postfilter_shape import PostfilterShape


class Extended:
    """A bundle, seen from a network that domains were added to.

    Its graphs are taken over byte by byte, and with them the loudness that audio is brought
    to before the encoder hears it, and how long segments warm up: the old domains' output stays
    what it was to the last bit.

    Parameters
    ----------
    path
        The bundle that is extended.
    network
        The network, which has its domains and others.

    Raises
    ------
    UmtnError
        If the bundle cannot be read, or the network cannot have been made from it.
    """

    def __init__(self, path: str | Path, network: UniversalMusicTranslationNetwork):
        self.bundle = Bundle.open(path)
        self.manifest = self.bundle.manifest
        old = self.bundle.domains
        missing = [domain for domain in old if domain not in network.domains]
        if missing or self.bundle.shape != network.shape:
            what = f"domain '{missing[0]}'" if missing else "shape"
            raise UmtnError(
                f"The checkpoint's network does not extend {path}: it lacks that one's {what}."
            )
        self.added = tuple(domain for domain in network.domains if domain not in old)

    @property
    def titles(self) -> dict[str, str]:
        """What people call the old domains."""
        return {d.name: d.title for d in self.manifest.domains if d.title is not None}

    @property
    def postfilters(self) -> dict[str, PostfilterShape]:
        """Forms of those post-filters that the old domains have."""
        domains = self.manifest.domains
        return {d.name: d.postfilter for d in domains if d.postfilter is not None}

    def graphs(self) -> Mapping[str, bytes]:
        """The bundle's graphs, by file name."""
        names = [ENCODER]
        for domain in self.bundle.domains:
            names += [conditioner_file(domain), decoder_file(domain)]
        names += map(postfilter_file, self.postfilters)
        return {name: self.bundle.contents(name) for name in names}

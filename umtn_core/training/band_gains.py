"""How loud a domain's bands are, so that each is companded at a level that fits it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from umtn_core import filter_bank
from umtn_core.data.files import as_floats
from umtn_core.data.store import Store
from umtn_core.networks import UniversalMusicTranslationNetwork

#: A gain takes this quantile of a band's magnitudes to this level, and is at most so large:
#: a band that is next to empty stays so.
QUANTILE = 0.9999
LEVEL = 0.7
LARGEST = 32.0
#: Seconds of a domain that are looked at, in so long pieces spread evenly over its files.
SECONDS = 600.0
PIECE = 1.0


def measure_band_gains(store: Store, domain: str, bands: int) -> NDArray[np.float32]:
    """Measure the gains of one domain's bands; the same store gives the same gains.

    Parameters
    ----------
    store
        Its training audio counts.
    domain
        One of the store's.
    bands
        2, 4 or 8.

    Returns
    -------
    float32 array (bands,)
    """
    files = [store.read(entry) for entry in store.files(domain, "train")]
    length = int(PIECE * store.sample_rate) // bands * bands
    # Steps at a piece's ends whose filters reach beyond it are left out.
    edge = filter_bank.OVERLAP
    places = [(audio, at) for audio in files for at in range(0, len(audio), length)]
    every = max(1, round(len(places) * PIECE / SECONDS))
    found = []
    for audio, at in places[::every]:
        clip = as_floats(audio[at : at + length])
        inner = np.abs(filter_bank.analyse(clip, bands))[edge:-edge]
        found.append(inner)
    magnitudes = np.concatenate(found or [np.zeros((0, bands), np.float32)])
    if not len(magnitudes):
        return np.ones(bands, np.float32)
    loudest = np.quantile(magnitudes, QUANTILE, axis=0)
    return np.minimum(LEVEL / np.maximum(loudest, 1e-9), LARGEST).astype(np.float32)


def set_band_gains(network: UniversalMusicTranslationNetwork, store: Store) -> None:
    """Give every decoder the gains of its domain's audio; a single band has none.

    Parameters
    ----------
    network
        Its decoders' ``band_gains`` are changed in place.
    store
        Which has all of its domains.
    """
    if network.shape.bands == 1:
        return
    for domain, decoder in network.decoders.items():
        gains = measure_band_gains(store, domain, network.shape.bands)
        decoder.band_gains.copy_(torch.from_numpy(gains))

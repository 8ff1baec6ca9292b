"""Translators that are kept open, so that the next render need not wait for its model."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from bridge.jobs.request import RenderRequest
from umtn_core.bundle import Bundle
from umtn_core.bundle.manifest import MANIFEST
from umtn_core.bundle.search import find_bundle
from umtn_core.translator import Translator

#: Wide models take a few hundred megabytes each.
_MOST = 3


class OpenTranslators:
    """The last few translators that were used.

    Parameters
    ----------
    threads
        The number of threads that each decodes with.
    """

    def __init__(self, threads: int):
        self._threads = threads
        self._bundles: OrderedDict[tuple[str, int], Bundle] = OrderedDict()
        self._open: OrderedDict[tuple[Any, ...], Translator] = OrderedDict()

    def get(self, request: RenderRequest) -> Translator:
        """Return one for a request, seed apart.

        Raises
        ------
        UmtnError
            If its model, target or engine cannot be used.
        """
        bundle_key = _key(request.model)
        options: dict[str, Any] = {
            "engine": request.engine,
            "segments": request.segments,
            "temperature": request.temperature,
            "top_p": request.top_p,
            "mix": request.mix,
            "channels": request.channels,
            "dynamics": request.dynamics,
            "transpose": request.transpose,
            "postfilter": bool(request.postfilter),
        }
        key = (bundle_key, request.target, *options.values())
        if key not in self._open:
            if bundle_key not in self._bundles:
                self._bundles[bundle_key] = Bundle.open(request.model)
                _trim(self._bundles)
            self._open[key] = Translator(
                self._bundles[bundle_key], request.target, threads=self._threads, **options
            )
            _trim(self._open)
        self._open.move_to_end(key)
        return self._open[key]


def _key(model: str) -> tuple[str, int]:
    """Name a model as it is now: one that is installed anew under its old name is another."""
    path = find_bundle(model)
    manifest = path / MANIFEST
    return str(path), (manifest if manifest.exists() else path).stat().st_mtime_ns


def _trim(cache: OrderedDict[Any, Any]) -> None:
    while len(cache) > _MOST:
        cache.popitem(last=False)

"""Which models and engines there are, in the form that clients are told."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bridge.text import shortened
from umtn_core.bundle import Manifest
from umtn_core.bundle.search import installed_bundles
from umtn_core.decode.choosing.engine_names import ENGINES
from umtn_core.decode.choosing.usable_precisions import why_not_precise_enough
from umtn_core.native.cuda.driver import is_usable
from umtn_core.native.library import is_available

#: Seconds for which the models that were found are taken to be all there are.
_FRESH = 2.0


@dataclass(frozen=True)
class Model:
    """One model that can be asked for.

    Parameters
    ----------
    name, targets
        What to ask for.
    licence
        What its manifest says, the middle left out where that is more than a sentence.
    engines
        The engines that can decode it on this machine.
    """

    name: str
    targets: tuple[str, ...]
    licence: str
    engines: tuple[str, ...]


class ModelList:
    """Finds the installed models, and looks again when the last look is a while ago."""

    def __init__(self) -> None:
        self._found: list[Model] = []
        self._looked = -float("inf")

    def find(self) -> list[Model]:
        """List the models whose manifests can be read."""
        if time.monotonic() - self._looked > _FRESH:
            engines = tuple(usable_engines())
            self._found = [
                Model(
                    model.name,
                    tuple(domain.name for domain in model.manifest.domains),
                    shortened(" ".join(model.manifest.licence.split())),
                    tuple(each for each in engines if _suits(each, model.manifest)),
                )
                for model in installed_bundles()
                if model.manifest is not None
            ]
            self._looked = time.monotonic()
        return self._found


def _suits(engine: str, manifest: Manifest) -> bool:
    """Whether none of a model's decoders loses too much by an engine."""
    domains = (domain.name for domain in manifest.domains)
    return not any(why_not_precise_enough(engine, manifest, domain) for domain in domains)


def usable_engines() -> list[str]:
    """Name the engines that this machine can run, as far as can be told without a model."""
    import onnxruntime

    own, gpu = is_available(), is_usable()
    onnx_gpu = gpu and "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    can = {"cpu": own, "cuda": gpu}
    return [
        name
        for name in ENGINES
        if (onnx_gpu if name == "onnx-cuda" else can.get(name.partition("-")[0], True))
    ]

"""Whether a model and a target exist, asked for every request."""

from __future__ import annotations

import time

from bridge.jobs.request import RequestError
from umtn_core.bundle.manifest import Manifest
from umtn_core.bundle.search import Installed, installed_bundles, model_meant
from umtn_core.errors import UmtnError

#: Manifests are read again after so many seconds: somebody may install a model meanwhile.
_FRESH_SECONDS = 2.0


class InstalledModels:
    """The models that requests may name: installed ones, and no paths."""

    def __init__(self) -> None:
        self._found: dict[str, Installed] = {}
        self._read_at = -_FRESH_SECONDS

    def check(self, model: str, target: str) -> tuple[str, str, Manifest]:
        """Refuse a model that is not there or not whole, and a target that it does not have.

        Returns
        -------
        model, target : str
            Their own names, however they were written.
        Manifest
            The model's.

        Raises
        ------
        RequestError
        """
        if time.monotonic() - self._read_at > _FRESH_SECONDS:
            try:
                self._found = {found.name: found for found in installed_bundles()}
            except UmtnError as error:
                raise RequestError("busy", str(error)) from error
            self._read_at = time.monotonic()
        try:
            found = model_meant(model, self._found.values())
            if found.manifest is None:
                raise UmtnError(f"The model {model} is not whole: {found.error}")
            return found.name, found.manifest.domain_meant(target, model), found.manifest
        except UmtnError as error:
            raise RequestError("model", str(error)) from error

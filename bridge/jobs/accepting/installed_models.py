"""Whether a model and a target exist, asked for every request."""

from __future__ import annotations

import time

from bridge.jobs.request import RequestError
from umtn_core.bundle.manifest import Manifest
from umtn_core.bundle.search import Installed, installed_bundles

#: Manifests are read again after so many seconds: somebody may install a model meanwhile.
_FRESH_SECONDS = 2.0


class InstalledModels:
    """The models that requests may name: installed ones, and no paths."""

    def __init__(self) -> None:
        self._found: dict[str, Installed] = {}
        self._read_at = -_FRESH_SECONDS

    def check(self, model: str, target: str) -> Manifest:
        """Refuse a model that is not there or not whole, and a target that it does not have.

        Returns
        -------
        Manifest
            The model's.

        Raises
        ------
        RequestError
        """
        if time.monotonic() - self._read_at > _FRESH_SECONDS:
            self._found = {found.name: found for found in installed_bundles()}
            self._read_at = time.monotonic()
        found = self._found.get(model)
        if found is None:
            names = ", ".join(self._found) or "none"
            raise RequestError(
                "model", f"No model {model!r} is installed; there is {names}. See umtn models."
            )
        if found.manifest is None:
            raise RequestError("model", f"The model {model} is not whole: {found.error}.")
        targets = [domain.name for domain in found.manifest.domains]
        if target not in targets:
            raise RequestError(
                "model",
                f"The model {model} cannot translate to {target!r}; "
                f"it can to {', '.join(targets)}.",
            )
        return found.manifest

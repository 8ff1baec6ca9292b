"""Universal Music Translation: networks, their training, and the torch-free run time.

What most programs need can be had from here. It is imported when first used, so that
``import umtn_core`` costs next to nothing.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

# ONNX Runtime looks at this when it is first imported, and otherwise collects telemetry, keeps it
# in the user's home, and complains on stderr where that cannot be written.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if TYPE_CHECKING:
    from umtn_core.audio.read import read_audio
    from umtn_core.audio.write import write_audio
    from umtn_core.bundle import Bundle
    from umtn_core.errors import Cancelled, UmtnError
    from umtn_core.progress import Progress
    from umtn_core.shape import PRESETS, NetworkShape
    from umtn_core.translation import Source, Translation
    from umtn_core.translator import Translator

__all__ = [
    "PRESETS",
    "Bundle",
    "Cancelled",
    "NetworkShape",
    "Progress",
    "Source",
    "Translation",
    "Translator",
    "UmtnError",
    "read_audio",
    "write_audio",
]

_HOMES = {
    "PRESETS": "umtn_core.shape",
    "Bundle": "umtn_core.bundle",
    "Cancelled": "umtn_core.errors",
    "NetworkShape": "umtn_core.shape",
    "Progress": "umtn_core.progress",
    "Source": "umtn_core.translation",
    "Translation": "umtn_core.translation",
    "Translator": "umtn_core.translator",
    "UmtnError": "umtn_core.errors",
    "read_audio": "umtn_core.audio.read",
    "write_audio": "umtn_core.audio.write",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""Finding and opening the library of decode kernels."""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import cffi

from umtn_core.errors import UmtnError
from umtn_core.native.built import find_built

#: Names a library file to use in place of the installed one.
OVERRIDE = "UMTN_NATIVE_LIBRARY"

_HERE = Path(__file__).parent
_NAME = {"win32": "umtn_decode.dll", "darwin": "libumtn_decode.dylib"}.get(
    sys.platform, "libumtn_decode.so"
)

ffi = cffi.FFI()
# What only C++ sees goes first, then all other directives: cffi reads plain declarations.
_declarations = re.sub(
    r"#ifdef __cplusplus.*?#endif|^#.*?$",
    "",
    (_HERE / "umtn_decode.h").read_text(encoding="utf-8"),
    flags=re.DOTALL | re.MULTILINE,
)
ffi.cdef(_declarations)


@cache
def open_library() -> Any:
    """Open the library.

    Returns
    -------
    cffi library
        Functions as `umtn_decode.h` declares them.

    Raises
    ------
    UmtnError
        If it is not there, or this machine cannot load it.
    """
    path = _find()
    if path is None:
        raise UmtnError(
            "The cpu engine is not part of this installation, for lack of a C++ compiler when it "
            "was made; install GCC or Clang and then umtn again, or use the engine onnx."
        )
    try:
        return ffi.dlopen(str(path))
    except OSError as error:
        raise UmtnError(
            f"The cpu engine's library cannot be loaded ({error}); install umtn again, or use "
            "the engine onnx."
        ) from error


def is_available() -> bool:
    """Whether there is a library that can be opened."""
    try:
        open_library()
    except UmtnError:
        return False
    return True


def _find() -> Path | None:
    """Look for the library: the one that is asked for, or else the one that was built."""
    if OVERRIDE in os.environ:
        return Path(os.environ[OVERRIDE])
    return find_built(_NAME)

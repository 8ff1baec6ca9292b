"""What all calls of the library share: its targets, its statuses, and pointers to arrays."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from umtn_core.errors import UmtnError
from umtn_core.native.library import ffi, open_library


def targets() -> tuple[str, ...]:
    """Return the instruction sets that this machine can use, the fastest first."""
    library = open_library()
    names: list[str] = []
    while (name := library.umtn_target_name(len(names))) != ffi.NULL:
        text = ffi.string(name)
        names.append(text.decode() if isinstance(text, bytes) else text)
    return tuple(names)


def check(status: int) -> None:
    """Raise what a status of the library means to a user."""
    library = open_library()
    if status == library.UMTN_OK:
        return
    raise UmtnError(
        {
            library.UMTN_NO_MEMORY: "There is not enough memory to decode so many streams; "
            "decode fewer at once, or a smaller model.",
            library.UMTN_NOT_FINITE_WEIGHTS: "One of the model's weights is not a number: the "
            "model is damaged; get it again.",
            library.UMTN_NOT_FINITE_OUTPUT: "The model's output is not a number: its weights are "
            "damaged.",
            library.UMTN_NO_TARGET: "This processor or build lacks the instructions asked for; "
            "leave the choice to umtn.",
            library.UMTN_NO_THREAD: "No further thread can be started; ask for fewer.",
        }.get(status, "The cpu engine was called with sizes that it cannot work with.")
    )


def pointer_to(kind: str, array: NDArray[Any]) -> Any:
    """Give an array to read as ``const kind *``."""
    return ffi.cast(f"const {kind} *", array.ctypes.data)


def room_in(kind: str, array: NDArray[Any]) -> Any:
    """Give an array to write as ``kind *``."""
    if not array.flags.c_contiguous or not array.flags.writeable:
        raise UmtnError("The cpu engine can only write to arrays without gaps.")
    return ffi.cast(f"{kind} *", array.ctypes.data)

"""The kernels as a GPU's driver loads them: compiled with umtn, or here and now by NVRTC."""

from __future__ import annotations

import ctypes.util
import hashlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cffi
import platformdirs

from umtn_core.errors import UmtnError
from umtn_core.native.built import find_built
from umtn_core.native.cuda.device import HERE

#: What the build makes where it finds nvcc, for several generations of GPUs at once.
NAME = "umtn_decode.fatbin"

#: Names an image to use in place of any other.
OVERRIDE = "UMTN_CUDA_IMAGE"

_ffi: Any = cffi.FFI()
_ffi.cdef(
    """
    int nvrtcVersion(int *major, int *minor);
    int nvrtcCreateProgram(void **program, const char *source, const char *name, int headers,
                           const char **contents, const char **names);
    int nvrtcCompileProgram(void *program, int count, const char **options);
    int nvrtcGetProgramLogSize(void *program, size_t *size);
    int nvrtcGetProgramLog(void *program, char *log);
    int nvrtcGetCUBINSize(void *program, size_t *size);
    int nvrtcGetCUBIN(void *program, char *cubin);
    int nvrtcDestroyProgram(void **program);
    """
)


def kernel_image(capability: tuple[int, int]) -> bytes:
    """Return an image for chips of a compute capability.

    Raises
    ------
    UmtnError
        If there is none and none can be made.
    """
    built = built_image()
    if built is not None:
        return built.read_bytes()
    folder = platformdirs.user_cache_path("umtn") / "kernels"
    path = folder / f"{source_fingerprint()}.sm_{capability[0]}{capability[1]}.cubin"
    try:
        return path.read_bytes()
    except OSError:
        pass
    image = compile_image(capability)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}")
        partial.write_bytes(image)
        partial.replace(path)
    except OSError:
        pass  # it is only made again next time
    return image


def built_image() -> Path | None:
    """Find the image that was built with umtn."""
    if OVERRIDE in os.environ:
        return Path(os.environ[OVERRIDE])
    return find_built(f"cuda/{NAME}")


def sources() -> dict[str, str]:
    """Return the kernels' source files by name."""
    names = sorted(f.name for f in HERE.iterdir() if f.suffix in (".cu", ".cuh", ".h"))
    return {name: (HERE / name).read_text(encoding="utf-8") for name in names}


def source_fingerprint() -> str:
    """Name the sources' contents."""
    return hashlib.sha256(repr(sorted(sources().items())).encode()).hexdigest()[:16]


def compile_image(capability: tuple[int, int], *defined: str) -> bytes:
    """Compile the kernels with NVRTC, which takes about a minute.

    Parameters
    ----------
    capability
        The chip's compute capability.
    defined
        Names of macros that are defined, such as ``UMTN_CLOCKS``.

    Raises
    ------
    UmtnError
        If NVRTC is missing or does not know the chip.
    """
    nvrtc = _open_nvrtc()
    files = sources()
    main = files.pop("decode.cu")
    contents = [_ffi.new("char[]", text.encode()) for text in files.values()]
    names = [_ffi.new("char[]", name.encode()) for name in files]
    program = _ffi.new("void **")
    status = nvrtc.nvrtcCreateProgram(
        program, main.encode(), b"decode.cu", len(files), _ffi.new("const char *[]", contents),
        _ffi.new("const char *[]", names),
    )  # fmt: skip
    if status:
        raise UmtnError(f"NVRTC cannot start (error {status}); install umtn[cuda] again.")
    try:
        return _compiled(nvrtc, program[0], capability, defined)
    finally:
        nvrtc.nvrtcDestroyProgram(program)


def _compiled(
    nvrtc: Any, program: Any, capability: tuple[int, int], defined: Sequence[str]
) -> bytes:
    architecture = f"--gpu-architecture=sm_{capability[0]}{capability[1]}"
    macros = (f"--define-macro={name}" for name in defined)
    options = [_ffi.new("char[]", o.encode()) for o in (architecture, "--std=c++17", *macros)]
    status = nvrtc.nvrtcCompileProgram(program, len(options), _ffi.new("const char *[]", options))
    size = _ffi.new("size_t *")
    if status:
        nvrtc.nvrtcGetProgramLogSize(program, size)
        log = _ffi.new("char[]", size[0] + 1)
        nvrtc.nvrtcGetProgramLog(program, log)
        lines = _ffi.string(log).decode(errors="replace").strip().splitlines()
        reason = lines[0] if lines else f"error {status}"
        raise UmtnError(
            f"The CUDA kernels cannot be compiled for this GPU ({reason}); update the package "
            "nvidia-cuda-nvrtc, or use another engine."
        )
    nvrtc.nvrtcGetCUBINSize(program, size)
    image = _ffi.new("char[]", size[0])
    nvrtc.nvrtcGetCUBIN(program, image)
    return bytes(_ffi.buffer(image))


def _open_nvrtc() -> Any:
    for candidate in _candidates():
        try:
            return _ffi.dlopen(candidate)
        except OSError:
            continue
    raise UmtnError(
        "umtn was installed where there was no nvcc, and NVRTC is missing too; install one "
        "(pip install 'umtn[cuda]'), or use another engine."
    )


def _candidates() -> list[str]:
    """List what NVRTC's library may be called: from pip's package, then the system's."""
    found: list[Path] = []
    package = importlib.util.find_spec("nvidia")
    for root in (package.submodule_search_locations or []) if package else []:
        pattern = "*/bin/**/nvrtc64_*.dll" if sys.platform == "win32" else "*/lib/libnvrtc.so.*"
        found += Path(root).glob(pattern)
    paths = [str(path) for path in sorted(found, reverse=True) if "builtins" not in path.name]
    system = ctypes.util.find_library("nvrtc")
    return [*paths, *([system] if system else []), "libnvrtc.so.13", "libnvrtc.so.12"]

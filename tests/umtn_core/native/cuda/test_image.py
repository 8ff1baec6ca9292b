"""The kernels compile wherever there is something to compile them with."""

import shutil
import subprocess

import pytest

from umtn_core.errors import UmtnError
from umtn_core.native.cuda import driver, image


@pytest.mark.skipif(not shutil.which("nvcc"), reason="no nvcc")
def test_where_there_is_nvcc_there_is_an_image():
    built = image.built_image()
    assert built is not None, "umtn was installed without compiling its CUDA kernels"
    contents = built.read_bytes()
    assert contents[:4] == b"\x50\xed\x55\xba"  # a fat binary
    cuobjdump = shutil.which("cuobjdump")
    if cuobjdump:
        listed = subprocess.run([cuobjdump, "-lelf", built], capture_output=True, text=True).stdout
        assert all(f"sm_{chip}" in listed for chip in (75, 80, 86, 90))


@pytest.mark.long
def test_nvrtc_compiles_the_same_sources():
    try:
        compiled = image.compile_image((9, 0))
    except UmtnError as error:
        if "NVRTC is missing" in str(error):
            pytest.skip(str(error))
        raise
    assert compiled.startswith(b"\x7fELF") and b"plain_fp16_32_8" in compiled


def test_an_image_is_compiled_once_and_kept(monkeypatch, tmp_path):
    compiled = []

    def compile_image(capability):
        compiled.append(capability)
        return b"code"

    monkeypatch.setattr(image, "built_image", lambda: None)
    monkeypatch.setattr(image, "compile_image", compile_image)
    monkeypatch.setattr(image.platformdirs, "user_cache_path", lambda name: tmp_path)
    assert [image.kernel_image((8, 9)) for _ in range(3)] == [b"code"] * 3
    assert compiled == [(8, 9)]


def test_without_nvcc_and_nvrtc_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(image, "_candidates", lambda: [])
    with pytest.raises(UmtnError, match=r"pip install 'umtn\[cuda\]'"):
        image.compile_image((9, 0))


def test_without_a_driver_the_error_says_so(monkeypatch):
    def missing():
        raise UmtnError("There is no NVIDIA driver on this machine; install it.")

    monkeypatch.setattr(driver, "_driver", missing)
    driver._opened.cache_clear()
    try:
        assert "no NVIDIA driver" in (driver.why_not_usable() or "")
        assert not driver.is_usable()
    finally:
        driver._opened.cache_clear()

"""The kernels over random shapes under AddressSanitizer, UBSan and ThreadSanitizer."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NATIVE = Path(__file__).parents[3] / "umtn_core" / "native"

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not (shutil.which("cmake") and shutil.which("c++")), reason="no compiler"),
]


@pytest.mark.parametrize(("sanitizers", "rounds"), [("address,undefined", 30), ("thread", 10)])
def test_random_shapes(sanitizers: str, rounds: int, tmp_path: Path):
    (tmp_path / "CMakeLists.txt").write_text(
        f"""
        cmake_minimum_required(VERSION 3.21)
        project(stress LANGUAGES CXX)
        set(UMTN_KERNEL_OPTIMISATION -O1)
        add_compile_options(-g -fno-sanitize-recover=all -fsanitize={sanitizers})
        add_link_options(-fsanitize={sanitizers})
        add_subdirectory({NATIVE} native)
        foreach(program stress stress_encoder)
          add_executable(${{program}} {HERE}/${{program}}.cpp)
          target_compile_features(${{program}} PRIVATE cxx_std_17)
          target_include_directories(${{program}} PRIVATE {NATIVE})
          target_link_libraries(${{program}} PRIVATE umtn_decode)
        endforeach()
        """
    )
    build = tmp_path / "build"
    _run("cmake", "-S", tmp_path, "-B", build, "-DCMAKE_BUILD_TYPE=RelWithDebInfo")
    _run("cmake", "--build", build, "--parallel", "2")
    for program in "stress", "stress_encoder":
        assert "all equal" in _run(build / program, "1", str(rounds))


def _run(*command: object) -> str:
    finished = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        env={**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1"},
        timeout=1200,
    )
    assert finished.returncode == 0, finished.stdout[-2000:] + finished.stderr[-6000:]
    return finished.stdout

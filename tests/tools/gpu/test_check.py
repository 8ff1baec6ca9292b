"""`benchmarks/on_gpu.sh` and `tools/gpu/check.py` on an emulated GPU, by what they say."""

import json
import os
import subprocess

import pytest

from benchmarks.fit_plans import FIELDS
from tests.tools.gpu.bare_machine import CARRIED
from umtn_core.native.cuda.image import source_fingerprint


@pytest.fixture
def on_gpu(fake_driver, checkout, bare, installed_there, tmp_path):
    """Run the command where nothing is installed but what it needs."""
    site = installed_there(*CARRIED)
    kernels = tmp_path / "cache" / "umtn" / "kernels"
    kernels.mkdir(parents=True)
    # Whatever it holds, the emulated GPU takes it.
    for kind in ("", ".counting"):
        image = kernels / f"{source_fingerprint()}{kind}.sm_90.cubin"
        image.write_bytes(b"compiled before")

    def run(*arguments, **environment):
        return subprocess.run(
            ["benchmarks/on_gpu.sh", "--shapes", "tiny", "--quick", "--quiet", "0", *arguments],
            cwd=checkout, capture_output=True, text=True, timeout=200,
            env={
                "PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHON": str(bare),
                "PYTHONPATH": str(site), "XDG_CACHE_HOME": str(tmp_path / "cache"),
                "OUT": str(tmp_path / "out"), "LD_LIBRARY_PATH": str(fake_driver),
                "OMP_NUM_THREADS": "1", **environment,
            },
        )  # fmt: skip

    return run


def plans(folder):
    lines = (folder / "out" / "plans.jsonl").read_text().splitlines()
    return [entry for entry in map(json.loads, lines) if "cycles" in entry]


def test_a_driver_s_error_is_shown_as_it_is(on_gpu):
    done = on_gpu(FAKE_GPU_ERROR="100")
    assert done.returncode == 1
    assert "cuInit: no CUDA-capable device is detected (error 100)" in done.stderr
    done = on_gpu(LD_LIBRARY_PATH="/nowhere")
    assert done.returncode == 1 and "libcuda.so.1: cannot open shared object file" in done.stderr


def test_what_hangs_or_loses_the_gpu_costs_no_other(on_gpu, tmp_path):
    done = on_gpu(
        "--seconds", "150", "--plan", "2", "--tests", "is_no_number",
        FAKE_GPU_LOSES="bf16", FAKE_GPU_HANGS="fp16_32",
    )  # fmt: skip
    said = (tmp_path / "out" / "verdict.txt").read_text()
    assert done.returncode == 1, done.stdout + done.stderr
    assert "cuda: WRONG, of 3 tests 2 passed, 1 failed" in said, said + done.stdout
    # As the driver tells it, and not as the test that met it.
    assert "The GPU failed at starting a kernel (an illegal memory access was encountered)" in said
    assert "do not believe the figures of this engine" in said
    # The plans after one that hung were timed, with the same codes.
    assert "groups of 32, 8 warps: there was no answer for 2 s" in done.stdout
    found = plans(tmp_path)
    assert {entry["work"] for entry in found} == {"tiny fp16 1", "tiny fp16 9", "tiny fp32 9"}
    for entry in found:
        assert "fp16_32" not in entry["kernel"]
        assert entry["kernel_us"] > 0 and entry["same_codes"] and entry["device"] and entry["date"]
        # What benchmarks/fit_plans.py wants to know.
        assert {"shape", "precision", "streams", *FIELDS} <= set(entry)
    kinds = [entry["kind"] for entry in found if entry["work"] == "tiny fp16 9"]
    assert len(set(kinds)) == len(kinds) > 1
    # Cycles were counted of what did not fail.
    counted = [json.loads(line) for line in (tmp_path / "out" / "clocks.jsonl").open()]
    assert [(row["shape"], row["streams"]) for row in counted] == [("tiny", 1)]
    assert sum(map(sum, counted[0]["cycles"])) > 0
    # So was the table of engines, with what failed named in it.
    table = (tmp_path / "out" / "gpu.txt").read_text()
    assert "cuda-fp16 " in table

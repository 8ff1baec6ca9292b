import subprocess
import sys
import time

import pytest

from tools.gpu import training
from tools.gpu.training import PLAINER, run

#: Stands for `umtn train`: takes its settings from the command line, and fails as it is told to by
#: the first argument, a list of settings without which it fails or makes no batches.
PROGRAM = """
import signal, sys, time
options = dict(a.split("=") for a in sys.argv[1:] if "=" in a)
if options.get("machine.capture") != "off" and "capture" in options.get("fails", ""):
    sys.exit("Error: The training step could not be recorded as a CUDA graph.")
if options.get("machine.precision") != "32-true" and "bfloat16" in options.get("fails", ""):
    sys.exit("Error: CUDA error")
if options.get("machine.compile") != "false" and "compile" in options.get("hangs", ""):
    time.sleep(60)
if "all" in options.get("fails", ""):
    sys.exit(3)
print("Batch 20: some of it heard", flush=True)
if "end" in options.get("hangs", ""):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("saved", flush=True)))
    time.sleep(60)
print("minutes", sys.argv[sys.argv.index("--minutes") + 1])
"""


@pytest.fixture
def tried(tmp_path):
    def go(*options, seconds=120.0, on_gpu=True):
        log = tmp_path / "train.log"
        log.unlink(missing_ok=True)
        command = [sys.executable, "-c", PROGRAM, *options]
        status = run(command, log, seconds, PLAINER, lambda: on_gpu)
        return status, log.read_text()

    return go


def test_a_run_that_ends_well_is_run_once(tried):
    status, said = tried()
    assert status == 0
    assert said.count("Batch") == 1 and "again" not in said
    # What is set aside for beginning and saving is not for training.
    assert float(said.split()[-1]) == pytest.approx((120 - training.aside(120)) / 60, abs=0.1)


def test_a_run_that_fails_is_begun_again_more_plainly(tried):
    status, said = tried("fails=capture,bfloat16")
    assert status == 0
    assert [line.partition(": ")[2] for line in said.splitlines() if "again" in line] == [
        "it is begun again without compiling.", "it is begun again without recording its step.",
        "it is begun again in float32.",
    ]  # fmt: skip
    # Why it was is still there.
    assert "could not be recorded" in said and "CUDA error" in said


def test_a_run_that_makes_no_batches_is_begun_again_in_time(tried, monkeypatch):
    monkeypatch.setattr(training, "PATIENCE", 0.05)
    status, said = tried("hangs=compile", seconds=60.0)
    assert status == 0
    assert "the run has made no batches: it is begun again without compiling." in said


def test_a_processor_may_be_slow_and_has_nothing_plainer(tried, monkeypatch):
    monkeypatch.setattr(training, "PATIENCE", 0.05)
    began = time.monotonic()
    status, said = tried("hangs=compile", seconds=20.0, on_gpu=False)
    assert status == 1 and time.monotonic() - began > 11 and "again" not in said
    status, said = tried("fails=all", on_gpu=False)
    assert status == 1 and said.endswith("the run has failed (status 3).\n")
    assert "again" not in said


def test_a_run_that_does_not_end_is_asked_to_save(tried):
    status, said = tried("hangs=end", seconds=14.0)
    assert status == 1
    assert "saved\nthe run did not end by itself" in said


def test_what_fails_in_every_way_says_so(tried):
    status, said = tried("fails=all")
    assert status == 1 and said.count("failed (status 3)") == 4


@pytest.mark.parametrize(
    ("compiles", "more", "first"),
    [("true", (), 0), ("false", (), 1), ("false", ("--set", "machine.compile=true"), 0)],
)
def test_compiling_is_left_out_where_there_is_any(tmp_path, monkeypatch, compiles, more, first):
    settings = tmp_path / "settings.yaml"
    settings.write_text(f"store: s\noutput: o\nmachine: {{compile: {compiles}}}\n")
    given = {}
    monkeypatch.setattr(training, "run", lambda *a: given.update(zip("clspg", a, strict=True)))
    monkeypatch.setattr(sys, "argv", ["training.py", "90", "log", str(settings), *more])
    training.main()
    assert given["p"] == PLAINER[first:] and given["s"] == 90
    assert given["c"][3:] == ["train", str(settings), "--quiet", *more]


def test_the_command_says_how_it_is_used():
    done = subprocess.run(
        [sys.executable, "-m", "tools.gpu.training"], capture_output=True, text=True
    )
    assert done.returncode == 1 and "Usage:" in done.stderr

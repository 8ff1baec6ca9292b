"""`tools/gpu/prepare.sh`, `run.sh` and `finish.sh` together: from here to a lent machine and back.

The machine is this one with a Python that has what that one has, without network, without
FluidSynth and its soundfonts, and with an emulated GPU; it trains on the processor.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.gpu.bare_machine import ROOT, alone, why_not_alone
from umtn_core.data.synth.soundfonts import find_soundfont
from umtn_core.errors import UmtnError
from umtn_core.native.cuda.image import source_fingerprint
from umtn_core.training.checkpoint import load_network, slim

MUSIC = """
name: rehearsal
scope: poly
seed: 1
sample_rate: 32000
collections: [invented]
piece_s: [3, 5]
valid: 0.3
domains:
  clarinet: {soundfonts: [{font: TimGM6mb, programs: [71]}], minutes: 0.4, abilities: [bend]}
  violin: {soundfonts: [{font: TimGM6mb, programs: [40]}], minutes: 0.4, abilities: [bend]}
others: {count: 1, sustained: [{font: TimGM6mb, programs: [73]}]}
pairs: {count: 0}
"""

SETTINGS = """
store: store
output: run
preset: wideband
shape: {encoder_channels: 8, encoder_blocks: 1, encoder_layers: 4, residual_channels: 8,
        skip_channels: 8, decoder_blocks: 1, decoder_layers: 4, conditioning_channels: 8}
domains: [clarinet, violin]
batch: 1
checkpoint_minutes: 0.05
validation_segments: 1
spectral: {channels: 8}
"""


class LentMachine:
    """The machine that commands run on, and the folders that come back from it."""

    def __init__(self, checkout, driver, python, folder):
        self.checkout, self.driver, self.python, self.folder = checkout, driver, python, folder

    def run(self, *arguments, timeout=200):
        out = self.folder / f"out-{arguments[0]}"
        done = subprocess.run(
            alone(self.folder / "empty", ["tools/gpu/run.sh", *arguments]),
            cwd=self.checkout, capture_output=True, text=True, timeout=timeout,
            env={
                "PATH": os.environ["PATH"], "HOME": str(self.folder), "OUT": str(out),
                "PYTHON": str(self.python), "UMTN_GPU_BASE": str(self.folder / "base"),
                "LD_LIBRARY_PATH": str(self.driver),
            },
        )  # fmt: skip
        return done, out


@pytest.fixture
def prepared(checkout, wheels, tmp_path):
    """Prepare the copy of the sources, without a package index."""
    shutil.rmtree(checkout / ".gpu", ignore_errors=True)
    try:
        find_soundfont("TimGM6mb")
    except UmtnError as error:
        pytest.skip(str(error))
    for program in ("fluidsynth", "xz"):
        if not shutil.which(program):
            pytest.skip(f"no {program} to carry along or to pack with")
    (tmp_path / "music.yaml").write_text(MUSIC)
    (tmp_path / "settings.yaml").write_text(SETTINGS)
    kernels = tmp_path / "cache" / "umtn" / "kernels"
    kernels.mkdir(parents=True)
    for kind in ("", ".counting"):
        image = kernels / f"{source_fingerprint()}{kind}.sm_90.cubin"
        image.write_bytes(b"compiled before")

    def prepare(*arguments, path=os.environ["PATH"]):
        return subprocess.run(
            ["/bin/bash", "tools/gpu/prepare.sh", "--music", str(tmp_path / "music.yaml"),
             "--settings", str(tmp_path / "settings.yaml"), *arguments],
            cwd=checkout, capture_output=True, text=True,
            env={
                "PATH": path, "HOME": str(tmp_path), "PYTHON": sys.executable,
                "PYTHON_THERE": f"{sys.version_info.major}.{sys.version_info.minor}",
                "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "XZ_OPT": "-0",
                "XDG_CACHE_HOME": str(tmp_path / "cache"),
            },
        )  # fmt: skip

    return prepare


@pytest.fixture
def machine(checkout, fake_driver, bare, tmp_path):
    if why_not_alone():
        pytest.skip(why_not_alone())
    return LentMachine(checkout, fake_driver, bare, tmp_path)


def joined(out, to):
    command = [sys.executable, "tools/gpu/parts.py", "join", str(out), str(to)]
    subprocess.run(command, check=True, cwd=ROOT)
    return to


def test_the_two_calls_go_their_whole_way(prepared, machine, tmp_path):
    done = prepared()
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("made")] == [
        "made wheels", "made fluidsynth", "made soundfonts", "made kernels",
    ]  # fmt: skip
    again = prepared()
    assert again.returncode == 0 and "made" not in again.stdout

    done, out = machine.run(
        "check", "90", "--shapes", "tiny", "--tests", "is_no_number", "--quiet", "0"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cuda: checked, all 3 tests passed" in (out / "verdict.txt").read_text()
    assert (out / "plans.jsonl").exists() and (out / "gpu.txt").exists()

    done, out = machine.run("train", "35")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {file.name for file in out.iterdir()} == {
        "last.ckpt.00", "last.ckpt.json", "log.tar.xz", "train.log",
    }  # fmt: skip
    network, info = load_network(joined(out, tmp_path / "last.ckpt"))
    assert info.batches > 0 and network.domains == ("clarinet", "violin")

    # The next machine goes on from there, and a run that fails says so and brings its log.
    slim(tmp_path / "last.ckpt", tmp_path / "weights.ckpt")
    assert prepared("--from", str(tmp_path / "weights.ckpt")).returncode == 0
    shutil.rmtree(tmp_path / "base" / "run")
    done, out = machine.run("train", "20", "--set", "machine.accelerator=tpu")
    assert done.returncode == 1
    assert "not come to its end" in done.stderr and "has saved nothing" in done.stderr
    assert "PyTorch finds none" in (out / "train.log").read_text()
    assert (tmp_path / "base" / "start.ckpt").exists()


def test_what_is_missing_is_said_in_one_sentence(prepared, tmp_path):
    few = tmp_path / "few"
    few.mkdir()
    for program in ("bash", "dirname", "cat", "sed", "tar", "ldd"):
        (few / program).symlink_to(shutil.which(program))
    done = prepared(path=str(few))
    assert done.returncode == 1
    assert done.stderr == "prepare.sh: please install first: fluidsynth, xz.\n"


def test_a_checkpoint_that_does_not_fit_is_refused(prepared):
    done = prepared("--from", str(ROOT / "models" / "default.ckpt"))
    assert done.returncode == 1 and "has another shape than the settings" in done.stderr
    done = prepared("--from", "/nowhere.ckpt")
    assert done.returncode == 1 and "there is no file /nowhere.ckpt" in done.stderr


def test_a_run_that_could_not_begin_there_is_refused(prepared, tmp_path):
    (tmp_path / "settings.yaml").write_text(SETTINGS.replace("[clarinet, violin]", "[harp]"))
    done = prepared()
    assert done.returncode == 1 and "name the domain harp, and the music has" in done.stderr
    (tmp_path / "settings.yaml").write_text(MUSIC)
    done = prepared()
    assert done.returncode == 1 and "settings.yaml is not valid" in done.stderr
    (tmp_path / "settings.yaml").write_text(SETTINGS)
    (tmp_path / "music.yaml").write_text(SETTINGS)
    done = prepared()
    assert done.returncode == 1 and "music.yaml is not valid" in done.stderr
    assert "Traceback" not in done.stderr and "made" not in done.stdout


def test_a_machine_without_what_is_carried_says_so(checkout, tmp_path):
    shutil.rmtree(checkout / ".gpu", ignore_errors=True)
    for arguments, said in (
        (["check"], "run tools/gpu/prepare.sh"), ([], "say what: check"),
        (["check", "--quick"], "run tools/gpu/prepare.sh"), (["fly", "20"], "say what: check"),
        (["check", "soon"], "run.sh check 220"), (["train"], "run.sh train 520"),
        (["train", "--set", "batch=1"], "run.sh train 520"), (["train", "9"], "prepare.sh"),
    ):  # fmt: skip
        done = subprocess.run(
            ["tools/gpu/run.sh", *arguments], cwd=checkout, capture_output=True, text=True,
            env={"PATH": os.environ["PATH"], "UMTN_GPU_BASE": str(tmp_path / "base")},
        )  # fmt: skip
        assert done.returncode == 1 and said in done.stderr


def test_what_did_not_come_back_whole_is_not_finished(tmp_path):
    (tmp_path / "last.ckpt.00").write_bytes(b"a part without its table")
    done = subprocess.run(
        ["tools/gpu/finish.sh", str(tmp_path), str(tmp_path / "to")], cwd=ROOT,
        capture_output=True, text=True, env={"PATH": os.environ["PATH"], "PYTHON": sys.executable},
    )  # fmt: skip
    assert done.returncode == 1 and "has 0 files in parts" in done.stderr
    assert not (tmp_path / "to" / "model").exists()


@pytest.mark.long
def test_all_tests_of_the_kernels_and_a_finished_model(prepared, machine, tmp_path):
    """The whole of it: every GPU test on the emulated GPU, and the model judged here."""
    assert prepared().returncode == 0
    # Without ONNX Runtime's: there may be a build for GPUs here, which no emulated one satisfies.
    done, out = machine.run(
        "check", "600", "--shapes", "tiny", "--tests", "not test_onnx_device_engine", timeout=700
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cuda: checked, all" in (out / "verdict.txt").read_text()
    done, out = machine.run("train", "90")
    assert done.returncode == 0, done.stdout + done.stderr
    music = MUSIC.replace("minutes: 0.4", "minutes: 1.5")
    music = music.replace("{count: 0}", "{count: 4, seconds: [5, 6], soundfonts: [TimGM6mb]}")
    (tmp_path / "pairs.yaml").write_text(music)
    umtn = [sys.executable, "-m", "bridge.cli", "data", "synth"]
    store = tmp_path / "store"
    subprocess.run([*umtn, str(tmp_path / "pairs.yaml"), str(store)], check=True, cwd=ROOT)
    finished = subprocess.run(
        ["tools/gpu/finish.sh", str(out), str(tmp_path / "to"), str(store)], cwd=ROOT,
        capture_output=True, text=True, env={**os.environ, "PYTHON": sys.executable},
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout + finished.stderr
    for name in ("last.ckpt", "model/manifest.json", "evaluation/index.html", "run/settings.yaml"):
        assert (tmp_path / "to" / name).exists()
    assert Path(finished.stdout.splitlines()[-1].split()[-1]).exists()

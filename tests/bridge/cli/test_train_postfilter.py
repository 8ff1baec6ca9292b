"""`umtn train-postfilter`, up to a model that is filtered unless one says not to."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner, Result
from pedalboard.io import AudioFile

pytest.importorskip("torch", reason="training needs torch")

from bridge.cli.failures import INTERRUPTED
from bridge.cli.main import umtn
from export.export import postfilter_graphs
from umtn_core.bundle import Bundle, write_bundle
from umtn_core.data.files import write_audio
from umtn_core.data.store import FileEntry, Index, write_index
from umtn_core.training.postfilter_file import read_postfilters

RATE = 16_000
ROOT = Path(__file__).parents[3]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(umtn, list(map(str, arguments)))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store")
    entries = []
    for domain, seconds in (("flute", 11), ("violin", 11), ("short", 3)):
        name = f"audio/{domain}.npy"
        wave = 0.3 * np.sin(2 * np.pi * 440 * np.arange(seconds * RATE) / RATE)
        entries.append(
            FileEntry(
                domain=domain, split="train", path=name, samples=write_audio(path / name, wave),
                source="tone", licence="CC0",
            )
        )  # fmt: skip
    write_index(path, Index(files=entries, sample_rate=RATE))
    return path


def test_a_model_is_filtered_by_what_was_trained_unless_one_says_not_to(
    store: Path,
    tmp_path: Path,
    tiny_bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
    recording: Callable[..., Path],
) -> None:
    file = tmp_path / "filters.pt"
    trained = run("train-postfilter", store, "-o", file, "--domains", "violin", "--minutes", 0.01)
    assert trained.exit_code == 0, trained.stderr
    assert trained.stdout == f"the post-filters are {file}\n"
    assert "violin: " in trained.stderr

    networks = read_postfilters(file).networks
    old = Bundle.open(tiny_bundle)
    shapes = {domain: network.shape for domain, network in networks.items()}
    domains = tuple(
        msgspec.structs.replace(each, postfilter=shapes.get(each.name))
        for each in old.manifest.domains
    )
    graphs = {name: old.contents(name) for name in old.manifest.graph_files}
    write_bundle(
        tmp_path / "models" / "filtered",
        msgspec.structs.replace(old.manifest, domains=domains),
        graphs | postfilter_graphs(networks),
    )
    shutil.copytree(tiny_bundle, tmp_path / "models" / "tiny")
    monkeypatch.setenv("UMTN_MODELS", str(tmp_path / "models"))

    listed = run("models").stdout
    assert listed.count("by a post-filter") == 1
    assert "filtered  by a post-filter for violin\n" in listed
    said = {each["name"]: each for each in json.loads(run("models", "--json").stdout)}
    assert (said["filtered"]["postfilters"], said["tiny"]["postfilters"]) == (["violin"], [])

    source = recording("in.wav", seconds=0.2)

    def played(name: str, *options: str) -> np.ndarray:
        place = tmp_path / "out.wav"
        arguments = [source, "--to", "violin", "-o", place, "--force", "--model", name]
        result = run("translate", *arguments, *options)
        assert result.exit_code == 0, result.stderr
        with AudioFile(str(place)) as audio:
            return audio.read(audio.frames)

    plain = played("tiny")
    np.testing.assert_array_equal(played("filtered", "--no-postfilter"), plain)
    np.testing.assert_array_equal(played("tiny", "--no-postfilter"), plain)
    # A few steps leave a mask that is nearly the same everywhere, which matching levels undoes.
    assert not np.array_equal(played("filtered"), plain)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--domains", "oboe"], "no domain 'oboe'"),
        (["--domains", "short"], "3.0 seconds of short"),
        (["--domains", "flute,,violin"], "names with commas between"),
        (["--domains", ""], "names with commas between"),
        (["--minutes", "0"], "--minutes"),
        (["--seed", "-1"], "--seed"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(
    store: Path, tmp_path: Path, options: list[str], words: str
) -> None:
    result = run("train-postfilter", store, "-o", tmp_path / "f.pt", *options)
    assert result.exit_code in (1, 2)
    assert words in result.stderr and len(result.stderr.splitlines()) == 1, result.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    result = run("train-postfilter", tmp_path, "-o", tmp_path / "f.pt")
    assert result.exit_code == 1
    assert "holds no data store" in result.stderr and len(result.stderr.splitlines()) == 1


def test_what_is_there_is_not_replaced_unasked(store: Path, tmp_path: Path) -> None:
    file = tmp_path / "f.pt"
    file.write_text("mine")
    result = run("train-postfilter", store, "-o", file, "--domains", "flute")
    assert result.exit_code == 1
    assert "exists already" in result.stderr
    assert file.read_text() == "mine"


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as POSIX has them")
def test_ctrl_c_leaves_no_file(store: Path, tmp_path: Path) -> None:
    arguments = ["train-postfilter", store, "-o", tmp_path / "f.pt", "--domains", "flute"]
    command = [sys.executable, "-m", "bridge.cli", *map(str, arguments)]
    environment = os.environ | {"UMTN_PROGRESS_S": "0.1"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert "flute: " in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        rest = process.stderr.read()
        assert process.wait(60) == INTERRUPTED
    assert time.monotonic() - began < 30
    assert "Cancelled" in rest and "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []

import subprocess
import sys

import numpy as np
import pytest
from pedalboard.io import AudioFile

from umtn_core.data.prepare import prepare
from umtn_core.data.store import Store
from umtn_core.errors import UmtnError


def tone(seconds=0.5, rate=44_100, hertz=440.0, channels=1, level=0.5):
    wave = level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    return np.tile(wave.astype(np.float32), (channels, 1))


def save(path, audio, rate=44_100, depth=16):
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {} if path.suffix in (".mp3", ".ogg") else {"bit_depth": depth}
    with AudioFile(str(path), "w", rate, audio.shape[0], **options) as file:
        file.write(audio)
    return path


@pytest.fixture
def source(tmp_path):
    """Three usable files in each of two domains."""
    root = tmp_path / "recordings"
    for domain, hertz in (("flute", 880.0), ("violin", 440.0)):
        for number in range(3):
            save(root / domain / f"{number}.wav", tone(0.2 + 0.1 * number, hertz=hertz))
    return root


def test_any_rate_format_and_channels_become_16_khz_mono(source, tmp_path):
    save(source / "flute" / "deep er" / "a.flac", tone(rate=48_000, channels=2), 48_000)
    save(source / "flute" / "b.ogg", tone())
    save(source / "flute" / "c.mp3", tone())
    save(source / "flute" / "d.wav", tone(rate=8_000), 8_000)
    save(source / "flute" / "e.aiff", tone(rate=16_000), 16_000)
    store = prepare(source, tmp_path / "store")
    assert store.index.skipped == []
    entries = {e.source: e for split in ("train", "valid", "test") for e in
               store.files("flute", split)}  # fmt: skip
    for name in ("deep er/a.flac", "b.ogg", "c.mp3", "d.wav", "e.aiff"):
        entry = entries[f"flute/{name}"]
        audio = store.read(entry) / 32767
        # An mp3 has whole frames of padding; the rest have the exact length.
        assert entry.samples == 8000 or (name == "c.mp3" and 8000 <= entry.samples < 10_000)
        spectrum = np.abs(np.fft.rfft(audio[2000:6000] * np.hanning(4000)))
        assert abs(np.argmax(spectrum) * 4 - 440) <= 4
        assert np.sqrt(np.mean(audio[2000:6000] ** 2)) == pytest.approx(0.3535, rel=0.05)


def test_what_is_odd_of_a_file_is_said_and_kept(source, tmp_path):
    path = save(source / "flute" / "radio.mp3", tone(2.0))
    path.write_bytes(path.read_bytes()[500:-100])  # as a stream is, taken down from somewhere
    for _ in range(2):
        store = prepare(source, tmp_path / "store")
        entries = [e for split in ("train", "valid", "test") for e in store.files("flute", split)]
        remarks = {e.source: e.remark for e in entries if e.remark}
        assert list(remarks) == ["flute/radio.mp3"]
        assert "ends within a frame" in remarks["flute/radio.mp3"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_file_whose_name_is_no_text_is_left_out_by_a_name_that_is(source, tmp_path):
    save(source / "flute" / "a.wav", tone()).rename(source / "flute" / "b\udcff.wav")
    store = prepare(source, tmp_path / "store")
    (skipped,) = store.index.skipped
    assert skipped.source == "flute/b\\udcff.wav"
    assert "not UTF-8" in skipped.reason
    assert prepare(source, tmp_path / "store").index == store.index


def test_splits_are_by_file_in_each_domain(source, tmp_path):
    store = prepare(source, tmp_path / "store")
    for domain in ("flute", "violin"):
        assert [len(store.files(domain, s)) for s in ("train", "valid", "test")] == [1, 1, 1]


def test_bad_files_are_named_with_the_reason(source, tmp_path):
    bad = source / "violin"
    (bad / "text.wav").write_text("this is no sound\n" * 50)
    (bad / "empty.wav").touch()
    save(bad / "nothing.wav", np.zeros((1, 0), np.float32))
    save(bad / "silent.wav", np.zeros((2, 44_100), np.float32))
    save(bad / "opposed.wav", np.concatenate([tone(), -tone()]))
    save(bad / "blink.wav", tone(0.05))
    broken = tone()
    broken[0, 1000] = np.nan
    save(bad / "nan.wav", broken, depth=32)
    whole = save(bad / "whole.wav", tone()).read_bytes()
    (bad / "cut.wav").write_bytes(whole[: len(whole) // 2])
    (bad / "notes on the takes.txt").write_text("take 2 is best")
    save(source / "stray.wav", tone())
    (bad / ".hidden").touch()
    store = prepare(source, tmp_path / "store")
    reasons = {item.source: item.reason for item in store.index.skipped}
    expected = {
        "violin/text.wav": "not audio",
        "violin/empty.wav": "empty",
        "violin/nothing.wav": "no sound",
        "violin/silent.wav": "silent",
        "violin/opposed.wav": "silent",
        "violin/blink.wav": "shorter",
        "violin/nan.wav": "not numbers",
        "violin/cut.wav": "cut off",
        "violin/notes on the takes.txt": "not audio",
        "stray.wav": "outside",
    }
    assert reasons.keys() == expected.keys()
    for name, words in expected.items():
        assert words in reasons[name], reasons[name]
    assert len(list((tmp_path / "store/audio/violin").iterdir())) == 4  # 3 and whole.wav


def test_float_files_above_full_scale_keep_their_shape(source, tmp_path):
    save(source / "flute" / "hot.wav", tone(level=2.0), depth=32)
    store = prepare(source, tmp_path / "store")
    (entry,) = [e for e in store.index.files if e.source == "flute/hot.wav"]
    audio = store.read(entry)[2000:6000] / 32767
    # Clipped, a sine would have a mean square nearer to 1 than to a half.
    assert np.mean(audio**2) == pytest.approx(0.5, rel=0.05)


def test_licences(source, tmp_path):
    (source / "flute" / "LICENCE").write_text("CC0 1.0")
    store = prepare(source, tmp_path / "store", licence="all rights mine")
    said = {e.domain: e.licence for e in store.index.files}
    assert said == {"flute": "CC0 1.0", "violin": "all rights mine"}
    assert store.index.skipped == []
    store = prepare(source, tmp_path / "store")
    assert {e.licence for e in store.files("violin", "train")} == {"not stated"}


def test_a_second_run_reads_only_what_is_new_or_changed(source, tmp_path, monkeypatch):
    prepare(source, tmp_path / "store")
    save(source / "flute" / "new.wav", tone())
    save(source / "violin" / "1.wav", tone(0.7))
    (source / "violin" / "0.wav").unlink()
    save(source / "violin" / "3.wav", tone())
    seen = []
    store = prepare(
        source, tmp_path / "store", progress=lambda stage, done, total, name: seen.append(name)
    )
    assert sorted(seen) == ["flute/new.wav", "violin/1.wav", "violin/3.wav"]
    assert {e.source for e in store.index.files if e.domain == "violin"} == {
        "violin/1.wav",
        "violin/2.wav",
        "violin/3.wav",
    }
    # What is no longer listed is gone, too.
    kept = {e.path for e in store.index.files}
    found = {str(p.relative_to(tmp_path / "store")) for p in (tmp_path / "store").rglob("*.npy")}
    assert found == kept


def test_workers_make_the_same_store(source, tmp_path):
    one = prepare(source, tmp_path / "one")
    two = prepare(source, tmp_path / "two", workers=2)
    assert one.index == two.index
    for entry in one.index.files:
        assert np.array_equal(one.read(entry), two.read(entry))


_KILLED = """
import os, signal, sys
from umtn_core.data.prepare import prepare

def progress(stage, done, total, name):
    if done == 3:
        os.kill(os.getpid(), signal.SIGKILL)

prepare(sys.argv[1], sys.argv[2], progress=progress)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_killed_run_leaves_no_store_and_is_continued(source, tmp_path):
    store = tmp_path / "store"
    result = subprocess.run([sys.executable, "-c", _KILLED, str(source), str(store)])
    assert result.returncode == -9
    with pytest.raises(UmtnError, match="no data store"):
        Store.open(store)
    for file in store.rglob("*.npy"):
        np.load(file)  # whatever is there is whole
    calls = []
    finished = prepare(source, store, progress=lambda *args: calls.append(args))
    assert len(calls) == 3 and calls[-1][1:3] == (6, 6)
    assert finished.index == prepare(source, tmp_path / "other").index


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda root: None, "no folder"),
        (lambda root: root.mkdir(), "no sub-folders"),
        (lambda root: (root / "solo flute").mkdir(parents=True), "cannot name a domain"),
        (lambda root: (root / "flute").mkdir(parents=True), "flute has no usable file"),
    ],
)
def test_folders_that_are_none(tmp_path, make, says):
    make(tmp_path / "r")
    with pytest.raises(UmtnError, match=says):
        prepare(tmp_path / "r", tmp_path / "store")
    assert not (tmp_path / "store" / "index.json").exists()


def test_the_store_must_lie_elsewhere(source, tmp_path):
    with pytest.raises(UmtnError, match="outside"):
        prepare(source, source / "store")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "recipe.json").write_text("{}")
    with pytest.raises(UmtnError, match="synthetic"):
        prepare(source, tmp_path / "store")

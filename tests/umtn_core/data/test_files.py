import numpy as np
import pytest

from umtn_core.data import files
from umtn_core.errors import UmtnError


def test_audio_survives_to_16_bits_and_is_clipped(tmp_path):
    wave = np.array([0.0, 0.25, -1.0, 1.0, 1.5, -2.0])
    assert files.write_audio(tmp_path / "deep" / "a.npy", wave) == 6
    read = np.load(tmp_path / "deep" / "a.npy", mmap_mode="r")
    assert read.dtype == np.int16
    assert read.tolist() == [0, 8192, -32767, 32767, 32767, -32767]


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    files.write_json(path, {"old": 1})

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UmtnError, match="No space left"):
        files.write_json(path, {"new": 2})
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    assert b"old" in path.read_bytes()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UmtnError, match="Cannot write"):
        files.write_json(tmp_path / "file" / "a.json", 1)


def test_sweeping_takes_leftovers_alone(tmp_path):
    (tmp_path / "audio" / "flute").mkdir(parents=True)
    left, own = tmp_path / "audio" / "flute" / ".a.npy.12.part", tmp_path / "audio" / "flute" / "b"
    foreign = tmp_path / "mine" / ".x.part"
    foreign.parent.mkdir()
    for file in (left, own, foreign):
        file.touch()
    files.sweep_unfinished(tmp_path)
    assert not left.exists()
    assert own.exists() and foreign.exists()

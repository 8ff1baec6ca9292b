import numpy as np

from umtn_core.data.files import write_audio
from umtn_core.data.records import finished, remove_unlisted, write_record


def make(folder, path):
    write_audio(folder / path, np.zeros(7))
    write_record(folder, path, "print", 7)


def test_finished_means_recorded_unchanged_and_there(tmp_path):
    make(tmp_path, "audio/flute/a.npy")
    assert finished(tmp_path, "audio/flute/a.npy", "print") == 7
    assert finished(tmp_path, "audio/flute/a.npy", "another") is None
    assert finished(tmp_path, "audio/flute/b.npy", "print") is None
    (tmp_path / "audio/flute/a.npy").unlink()
    assert finished(tmp_path, "audio/flute/a.npy", "print") is None


def test_a_damaged_record_counts_for_nothing(tmp_path):
    make(tmp_path, "audio/flute/a.npy")
    (tmp_path / "records/audio/flute/a.npy.json").write_text('{"fingerprint"')
    assert finished(tmp_path, "audio/flute/a.npy", "print") is None


def test_only_what_was_made_here_is_removed(tmp_path):
    make(tmp_path, "audio/flute/a.npy")
    make(tmp_path, "audio/flute/b.npy")
    write_audio(tmp_path / "audio/flute/of_the_user.npy", np.zeros(3))
    remove_unlisted(tmp_path, ["audio/flute/b.npy"])
    left = sorted(p.name for p in (tmp_path / "audio/flute").iterdir())
    assert left == ["b.npy", "of_the_user.npy"]
    assert finished(tmp_path, "audio/flute/b.npy", "print") == 7

import numpy as np
import pytest

from bridge.jobs.rendering.saved_batch import SavedSource, WorkFolder
from umtn_core.audio.sound import SoundRows
from umtn_core.rows import Rows

AUDIO = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
SOURCE = SavedSource("a", 16_000, channels=2, samples=300, seed=7)


@pytest.fixture(params=["in memory", "in a file"])
def batch(request, tmp_path, monkeypatch):
    if request.param == "in a file":
        monkeypatch.setattr("umtn_core.rows.LARGEST_IN_MEMORY", 100)
    work = WorkFolder(tmp_path)
    work.make()
    batch = work.batch("b")
    batch.make()
    return batch


def save(batch):
    rows = Rows(300, 2, path=batch.room_for_audio(0))
    rows[:] = AUDIO
    batch.save_audio([SOURCE], [SoundRows(rows, 16_000)])
    batch.save_state(b"state")


def test_what_is_saved_is_loaded(batch):
    assert batch.load() is None
    save(batch)
    (source,), (sound,), state = batch.load()
    assert source == SOURCE and state == b"state"
    assert (sound.channels, sound.samples, sound.sample_rate) == (2, 300, 16_000)
    assert np.array_equal(sound.read(10, 50), AUDIO.T[:, 10:60])
    batch.forget()
    assert batch.load() is None and not batch.folder.exists()


@pytest.mark.parametrize("damage", ["audio cut off", "audio gone", "state", "header"])
def test_what_is_damaged_is_nothing(batch, damage):
    save(batch)
    audio = batch.room_for_audio(0)
    if damage == "audio cut off":
        audio.write_bytes(audio.read_bytes()[:-4])
    elif damage == "audio gone":
        audio.unlink()
    else:
        (batch.folder / {"state": "state", "header": "header.json"}[damage]).write_bytes(b"half")
    assert batch.load() is None

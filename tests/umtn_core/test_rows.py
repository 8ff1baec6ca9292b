import os
import threading

import numpy as np
import pytest

from umtn_core import rows as rows_module
from umtn_core.errors import UmtnError
from umtn_core.rows import Frames, Rows, Stretch, are_there


@pytest.fixture(params=["in memory", "in a file", "in a file that knows no places"])
def small(request, monkeypatch):
    """Whatever is as large as 100 bytes lies in a file."""
    if request.param != "in memory":
        monkeypatch.setattr(rows_module, "LARGEST_IN_MEMORY", 99)
    if request.param == "in a file that knows no places":
        monkeypatch.delattr(os, "preadv")
        monkeypatch.delattr(os, "pwritev")


@pytest.mark.usefixtures("small")
def test_rows_hold_what_is_put_into_them(tmp_path):
    rows = Rows(50, 3, folder=tmp_path)
    assert rows.shape == (50, 3) and len(rows) == 50
    assert not rows[:].any()
    part = np.arange(30, dtype=np.float32).reshape(10, 3)
    rows[20:30] = part
    assert np.array_equal(rows[20:30], part)
    assert np.array_equal(rows[25:26], part[5:6])
    assert not rows[:20].any() and not rows[30:].any()
    assert rows[50:].shape == (0, 3)
    rows[10:10] = np.empty((0, 3), np.float32)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("small")
def test_threads_write_beside_each_other():
    rows = Rows(8000, dtype=np.uint8)

    def write(number):
        for begin in range(number * 1000, (number + 1) * 1000, 50):
            rows[begin : begin + 50] = np.full(50, number, np.uint8)

    threads = [threading.Thread(target=write, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.array_equal(rows[:], np.repeat(np.arange(8), 1000))


def test_what_is_large_and_has_a_path_stays_there(tmp_path, monkeypatch):
    monkeypatch.setattr(rows_module, "LARGEST_IN_MEMORY", 99)
    path = tmp_path / "kept"
    assert not Rows(99, dtype=np.uint8, path=path).is_kept and not path.exists()
    rows = Rows(100, dtype=np.uint8, path=path)
    assert rows.is_kept
    rows[:] = np.arange(100, dtype=np.uint8)
    rows.sync()
    del rows
    assert np.array_equal(Rows(100, dtype=np.uint8, path=path)[:], np.arange(100))
    assert are_there(path, 100) and are_there(None, 100) and are_there(path / "other", 99)
    assert not are_there(path, 101) and not are_there(tmp_path / "other", 100)


def test_a_disk_without_room_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(rows_module, "LARGEST_IN_MEMORY", 0)
    with pytest.raises(UmtnError, match="cannot be kept in "):
        Rows(10, folder=tmp_path / "missing")
    rows = Rows(10, folder=tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwritev", full)
    with pytest.raises(UmtnError, match="No space left on device; make room"):
        rows[:] = np.zeros(10, np.float32)


def test_rows_of_another_number_are_refused(monkeypatch):
    monkeypatch.setattr(rows_module, "LARGEST_IN_MEMORY", 0)
    with pytest.raises(ValueError, match="do not fit"):
        Rows(10)[2:5] = np.zeros(2, np.float32)


@pytest.mark.usefixtures("small")
def test_frames_are_read_as_latents_are():
    latents = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    rows = Rows(40, 3)
    rows[:] = latents
    frames = Frames(rows, 10, 30)
    assert frames.shape == (3, 20)
    for begin, end in ((0, 20), (3, 7), (15, 99), (20, 25)):
        assert np.array_equal(frames[:, begin:end], latents[10:30].T[:, begin:end])


@pytest.mark.usefixtures("small")
def test_a_stretch_is_used_as_codes_are():
    rows = Rows(200, dtype=np.uint8)
    stretch = Stretch(rows, 50, 150)
    stretch[10:13] = [1, 2, 3]
    assert len(stretch) == 100
    assert np.array_equal(stretch[9:14], [0, 1, 2, 3, 0])
    assert np.array_equal(rows[60:63], [1, 2, 3])
    assert len(stretch[98:150]) == 2 and len(stretch[5:2]) == 0

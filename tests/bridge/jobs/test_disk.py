"""Files that are there after a power cut."""

from __future__ import annotations

import errno
import itertools
import os

import pytest

from bridge.jobs import disk


def test_large_contents_reach_the_disk_a_little_at_a_time(tmp_path, monkeypatch):
    contents, synced = os.urandom(1_000_001), []

    def sync(file):
        synced.append(os.fstat(file).st_size)

    monkeypatch.setattr(disk, "sync_data", sync)
    disk.write_whole(tmp_path / "state", contents)
    assert (tmp_path / "state").read_bytes() == contents
    assert synced[-1] == len(contents)
    assert max(b - a for a, b in itertools.pairwise([0, *synced])) <= 1 << 18


def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    disk.write_whole(tmp_path / "state", b"old")

    def full(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk, "sync_data", full)
    with pytest.raises(OSError, match="No space"):
        disk.write_whole(tmp_path / "state", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("state", b"old")]

"""One bridge at a time, and one that was killed is waited for until its workers have gone."""

from __future__ import annotations

import asyncio
import os
import subprocess

import pytest

from bridge.jobs.storage import data_folder
from bridge.jobs.storage.data_folder import DataFolder
from umtn_core.errors import UmtnError

fcntl = pytest.importorskip("fcntl", reason="locks that outlive their process")


@pytest.mark.parametrize("lives", [True, False])
def test_who_has_the_lock_is_waited_for_if_its_bridge_was_killed(
    tmp_path, monkeypatch, lives, caplog
):
    monkeypatch.setattr(data_folder, "_WAIT_SECONDS", 0.2)
    monkeypatch.setattr(data_folder, "_SAID_AFTER_SECONDS", 0.1)
    ended = subprocess.Popen(["true"])
    ended.wait()
    worker = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(worker, fcntl.LOCK_EX)
    os.write(worker, str(os.getpid() if lives else ended.pid).encode())

    async def take():
        asyncio.get_running_loop().call_later(0.5, os.close, worker)
        folder = DataFolder(tmp_path)
        await folder.lock()
        folder.unlock()

    if lives:
        with pytest.raises(UmtnError, match="Another bridge"):
            asyncio.run(take())
        os.close(worker)
    else:
        asyncio.run(take())
        assert (tmp_path / "lock").read_text() == str(os.getpid())
    assert [r.getMessage() for r in caplog.records] == [
        f"waiting for another bridge, which uses {tmp_path}, to end"
    ]

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tools.gpu import parts


def test_parts_are_the_file_again(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "PART", 1000)
    file = tmp_path / "last.ckpt"
    file.write_bytes(os.urandom(2500))
    parts.split(file, tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "last.ckpt.00", "last.ckpt.01", "last.ckpt.02", "last.ckpt.json",
    ]  # fmt: skip
    parts.join(tmp_path / "out", tmp_path / "again" / "whole.ckpt")
    assert (tmp_path / "again" / "whole.ckpt").read_bytes() == file.read_bytes()
    # A smaller one in its place leaves nothing of it.
    file.write_bytes(b"short")
    parts.split(file, tmp_path / "out")
    assert not (tmp_path / "out" / "last.ckpt.01").exists()
    parts.join(tmp_path / "out", tmp_path / "short")
    assert (tmp_path / "short").read_bytes() == b"short"


def test_who_is_cut_off_while_writing_leaves_what_was_there(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "PART", 1000)
    file, out = tmp_path / "last.ckpt", tmp_path / "out"
    file.write_bytes(b"first" * 500)
    parts.split(file, out)
    file.write_bytes(b"second" * 500)
    write = Path.write_bytes

    def cut_off(path, content):
        if path.name.endswith(".01"):
            raise KeyboardInterrupt
        return write(path, content)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Path, "write_bytes", cut_off)
        parts.split(file, out)
    parts.join(out, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"first" * 500


def test_what_is_not_whole_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "PART", 1000)
    file, out = tmp_path / "last.ckpt", tmp_path / "out"
    file.write_bytes(os.urandom(2500))
    with pytest.raises(SystemExit, match="0 files in parts"):
        parts.join(tmp_path, tmp_path / "whole")
    parts.split(file, out)
    (out / "other.json").write_text("{}")  # somebody else's
    changed = bytearray((out / "last.ckpt.01").read_bytes())
    changed[7] ^= 1
    (out / "last.ckpt.01").write_bytes(changed)
    with pytest.raises(SystemExit, match="not what was split"):
        parts.join(out, tmp_path / "whole")
    (out / "last.ckpt.01").unlink()
    with pytest.raises(SystemExit, match="A part is missing"):
        parts.join(out, tmp_path / "whole")
    assert not (tmp_path / "whole").exists()


def test_a_checkpoint_that_is_too_large_comes_back_as_its_weights(tmp_path, monkeypatch):
    settings = {"store": "/somewhere/store", "output": "/somewhere/run"}
    content = {
        "hyper_parameters": {"settings": settings, "domains": ["flute"]},
        "state_dict": {"network.weight": torch.ones(100)},
        "batches": 7,
        "optimizer_states": [torch.ones(10_000)],
    }
    file = tmp_path / "last.ckpt"
    torch.save(content, file)
    for most, kept in ((10**6, True), (10_000, False)):
        monkeypatch.setattr(parts, "MOST", most)
        parts.split_checkpoint(file, tmp_path / "out")
        parts.join(tmp_path / "out", tmp_path / "back")
        back = torch.load(tmp_path / "back", weights_only=True)
        assert ("optimizer_states" in back) == kept
        assert torch.equal(back["state_dict"]["network.weight"], torch.ones(100))
        assert back["batches"] == 7


def test_the_command_says_how_it_is_used():
    done = subprocess.run(
        [sys.executable, "tools/gpu/parts.py", "glue"], capture_output=True, text=True
    )
    assert done.returncode == 1 and "Usage:" in done.stderr

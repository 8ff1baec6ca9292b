import os

import numpy as np
import pytest

from umtn_core.errors import UmtnError
from umtn_core.evaluation.listening.pitch_tracking import track
from umtn_core.evaluation.material import real_recordings
from umtn_core.evaluation.material.real_recordings import FILES, real_recording, recording_file


def fake_tools(folder, script):
    """A PATH with an apt-get and a dpkg-deb that run a shell script."""
    folder.mkdir()
    for tool in ("apt-get", "dpkg-deb"):
        (folder / tool).write_text(f"#!/bin/sh\n{script}\n")
        (folder / tool).chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def test_refuses_instruments_it_does_not_have(tmp_path):
    with pytest.raises(UmtnError, match="no real recording of 'kazoo': there are cello"):
        real_recording("kazoo", tmp_path)


def test_says_why_when_there_is_no_apt(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UmtnError, match="Debian package gcompris-qt-data"):
        real_recording("flute", tmp_path / "cache")


def test_says_why_when_apt_fails_and_leaves_nothing(tmp_path, monkeypatch):
    tools = fake_tools(tmp_path / "bin", "echo 'E: no network today' >&2; exit 100")
    monkeypatch.setenv("PATH", tools)
    with pytest.raises(UmtnError, match=r"no network today.*apt-get update"):
        real_recording("flute", tmp_path / "cache")
    assert os.listdir(tmp_path / "cache") == []


def test_says_why_when_nothing_was_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", fake_tools(tmp_path / "bin", "exit 0"))
    with pytest.raises(UmtnError, match="fetched no gcompris-qt-data"):
        real_recording("flute", tmp_path / "cache")


def test_what_was_fetched_once_is_kept(tmp_path, monkeypatch):
    fetched = []

    def unpack(_, scratch):
        fetched.append(scratch)
        resources = scratch / real_recordings._RESOURCES
        resources.parent.mkdir(parents=True)
        resources.write_bytes(b"")
        return scratch

    monkeypatch.setattr(real_recordings, "unpack_debian", unpack)
    contents = {f"/x/{name}": name.encode() for name in FILES.values()}
    monkeypatch.setattr(real_recordings, "read_qt_resource", lambda _: contents)
    for instrument in ("violin", "violin", "flute"):
        assert recording_file(instrument, tmp_path).read_bytes() == FILES[instrument].encode()
    assert len(fetched) == 1
    assert sorted(os.listdir(tmp_path)) == sorted(FILES.values())


def test_a_real_violin_is_heard(tmp_path):
    try:
        recording = real_recording("violin", tmp_path)
    except UmtnError as error:
        pytest.skip(f"no real recordings here: {error}")
    assert recording.samples.ndim == 1
    assert 4 < len(recording.samples) / recording.sample_rate < 12
    found = track(recording.samples, recording.sample_rate)
    assert found.voiced.mean() > 0.8
    low, high = np.nanpercentile(found.midi, [2, 98])
    assert 55 <= low < high < 90

"""What of a folder is music of the user's, and what is there because of earlier work."""

import os
from pathlib import Path

import numpy as np
import pytest

from bridge.cli.folders import READABLE, UNREADABLE, look_through
from umtn_core.audio.formats import FORMATS
from umtn_core.audio.write import write_audio

TARGETS = ("violin", "cambini_wind_quintet")


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def tone(path: Path, samples: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_audio(path, np.full((1, samples), 0.1, np.float32), 16_000)


def looked(folder: Path) -> tuple[list[str], list[str]]:
    """What is music there, and what are results."""
    found = look_through(folder, TARGETS)
    assert not found.closed
    return [each.as_posix() for each in found.music], [each.as_posix() for each in found.results]


def test_every_ending_that_can_be_read_is_music_and_none_that_is_not_audio(tmp_path: Path) -> None:
    names = [f"{number}{ending}" for number, ending in enumerate(sorted(READABLE | UNREADABLE))]
    put(tmp_path, *names, "CAPITALS.WAV", "text.txt", "wav", "a.wav.part", "picture.png", "a.mid")
    assert looked(tmp_path) == (sorted([*names, "CAPITALS.WAV"]), [])
    assert set(FORMATS) <= READABLE
    assert {".m4a", ".wma", ".aac"} <= UNREADABLE


def test_hidden_files_and_folders_are_left_out(tmp_path: Path) -> None:
    put(tmp_path, ".a.wav", "._take.wav", ".hidden/a.wav", "b.wav", "deep/.c.wav", "deep/er/d.wav")
    assert looked(tmp_path) == (["b.wav", "deep/er/d.wav"], [])
    put(tmp_path, ".all/e.wav")
    assert looked(tmp_path / ".all") == (["e.wav"], [])


def test_a_result_beside_its_source_is_no_music(tmp_path: Path) -> None:
    put(tmp_path, "a.wav", "a.violin.wav", "a.cambini_wind_quintet.flac", "b.FLAC", "b.violin.wav")
    put(tmp_path, "deep/c.wav", "deep/c.violin.mp3", "c.Violin.WAV", "C.mp3")
    music, results = looked(tmp_path)
    assert music == ["C.mp3", "a.wav", "b.FLAC", "deep/c.wav"]
    assert len(results) == 5


def test_a_result_of_a_result_is_no_music(tmp_path: Path) -> None:
    put(tmp_path, "a.wav", "a.violin.wav", "a.violin.cambini_wind_quintet.wav")
    assert looked(tmp_path)[0] == ["a.wav"]


@pytest.mark.parametrize(
    ("music", "besides"),
    [
        (["solo.violin.wav"], ""),
        # Another result is no source, nor is what is no audio, or hidden.
        (["solo.cambini_wind_quintet.wav", "solo.violin.wav"], ""),
        (["solo.violin.wav"], "solo.txt"),
        (["solo.violin.wav"], ".solo.wav"),
        # No result was ever written like that.
        (["solo.violin.m4a", "solo.wav"], ""),
        # What no model plays.
        (["solo.kazoo.wav", "solo.wav"], ""),
        (["solo.wav", "soloviolin.wav"], ""),
        (["original.wav", "violin.wav"], ""),
        # Not as `umtn edit` would call it, or where.
        (["solo.original.wav"], ""),
        (["deep/solo.original.wav", "solo.wav"], ""),
        (["solo.originals.wav", "solo.wav"], ""),
        (["solo.original-b.wav", "solo.wav"], ""),
    ],
)
def test_music_that_is_only_called_like_a_result_is_music(
    tmp_path: Path, music: list[str], besides: str
) -> None:
    put(tmp_path, *music, *filter(None, [besides]))
    assert looked(tmp_path) == (music, [])


@pytest.mark.parametrize("ending", ["wav", "flac", "MP3"])
def test_what_edit_keeps_is_no_music_as_long_as_what_it_edited_is_there(
    tmp_path: Path, ending: str
) -> None:
    put(tmp_path, f"a.{ending}", f"a.original.{ending}", f"a.original-2.{ending}")
    assert looked(tmp_path)[0] == [f"a.{ending}"]
    (tmp_path / f"a.{ending}").unlink()
    assert len(looked(tmp_path)[0]) == 2


def test_results_in_a_folder_of_their_own_are_no_music(tmp_path: Path) -> None:
    put(tmp_path, "a.wav", "deep/b.wav", "out/a.violin.wav", "out/deep/b.violin.wav")
    assert looked(tmp_path)[0] == ["a.wav", "deep/b.wav"]
    # Looked through by itself, it is all there is.
    assert looked(tmp_path / "out")[0] == ["a.violin.wav", "deep/b.violin.wav"]


def test_elsewhere_a_result_has_the_form_of_its_source(tmp_path: Path) -> None:
    tone(tmp_path / "takes/a.wav", 800)
    tone(tmp_path / "played/a.violin.wav", 800)
    tone(tmp_path / "concert/a.violin.wav", 801)
    put(tmp_path, "broken/a.violin.wav")
    os.mkfifo(tmp_path / "pipe")
    # Whoever opened that would wait for ever.
    (tmp_path / "piped").mkdir()
    (tmp_path / "piped/a.violin.wav").symlink_to("../pipe")
    music, results = looked(tmp_path)
    assert music == [
        "broken/a.violin.wav", "concert/a.violin.wav", "piped/a.violin.wav", "takes/a.wav",
    ]  # fmt: skip
    assert results == ["played/a.violin.wav"]


def test_links_to_folders_are_not_followed_but_the_folder_itself_may_be_one(tmp_path: Path) -> None:
    put(tmp_path, "in/a.wav", "far/b.wav")
    (tmp_path / "in/far").symlink_to("../far")
    (tmp_path / "in/loop").symlink_to(".")
    (tmp_path / "in/album.wav").symlink_to("../far")
    (tmp_path / "link").symlink_to("in")
    assert looked(tmp_path / "link") == (["a.wav"], [])


def test_a_link_that_leads_nowhere_is_music_that_is_missed(tmp_path: Path) -> None:
    put(tmp_path, "a.wav")
    (tmp_path / "lost.wav").symlink_to("gone.wav")
    (tmp_path / "loop.wav").symlink_to("loop.wav")
    assert looked(tmp_path)[0] == ["a.wav", "loop.wav", "lost.wav"]


def test_a_folder_that_cannot_be_looked_into_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "a.wav", "closed/b.wav")
    scan = os.scandir

    def closed(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)
    found = look_through(tmp_path, TARGETS)
    assert found.music == [Path("a.wav")]
    assert found.closed == [(tmp_path / "closed", "Permission denied")]

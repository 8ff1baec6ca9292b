"""The external editor: the file changes at the end, and what it was stays."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pedalboard.io import AudioFile

from bridge.cli import edit as module
from bridge.cli.main import umtn

MakeRecording = Callable[..., Path]

pytestmark = pytest.mark.usefixtures("models_folder")


def edit(*arguments: object) -> Result:
    return CliRunner().invoke(umtn, ["edit", *map(str, arguments), "--model", "tiny"])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def form(path: Path) -> tuple[int, int, float]:
    with AudioFile(str(path)) as file:
        return file.num_channels, file.frames, file.samplerate


def test_the_file_becomes_the_translation_and_the_original_stays(
    recording: MakeRecording, tmp_path: Path
) -> None:
    take = recording("takes/take.wav")
    before, shape = take.read_bytes(), form(take)
    domain = edit(take).stderr.rsplit(" ", 1)[-1].rstrip(".\n")  # it names those there are
    result = edit(take, "--to", domain)
    assert result.exit_code == 0, result.stderr
    assert names(take.parent) == ["take.original.wav", "take.wav"]
    assert (take.parent / "take.original.wav").read_bytes() == before
    assert take.read_bytes() != before
    assert form(take) == shape
    assert "take.original.wav" in result.stdout
    again = take.read_bytes()
    assert edit(take, "--to", domain, "--seed", 1).exit_code == 0
    assert (take.parent / "take.original.wav").read_bytes() == before
    assert (take.parent / "take.original-2.wav").read_bytes() == again


def test_without_a_target_or_anybody_to_ask_nothing_happens(recording: MakeRecording) -> None:
    take = recording("takes/take.wav")
    before = take.read_bytes()
    result = edit(take)
    assert result.exit_code == 1
    assert "what to translate to" in result.stderr
    assert take.read_bytes() == before
    assert names(take.parent) == ["take.wav"]


@pytest.mark.parametrize("content", [b"", b"this is no audio" * 100])
def test_what_is_no_audio_is_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "e").mkdir()
    file = tmp_path / "e" / "notes.wav"
    file.write_bytes(content)
    result = edit(file, "--to", "flute")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert file.read_bytes() == content
    assert names(file.parent) == ["notes.wav"]


def test_a_file_that_changes_meanwhile_is_left_alone(
    recording: MakeRecording, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = recording("takes/take.wav")
    domain = edit(take).stderr.rsplit(" ", 1)[-1].rstrip(".\n")
    from umtn_core.translator import Translator

    real = Translator.begin

    def meanwhile(self, sources, **options):  # type: ignore[no-untyped-def]
        os.utime(take, ns=(1, 1))
        return real(self, sources, **options)

    before = take.read_bytes()
    monkeypatch.setattr(Translator, "begin", meanwhile)
    result = edit(take, "--to", domain)
    assert result.exit_code == 1
    assert "changed in the meantime" in result.stderr
    assert take.read_bytes() == before
    assert names(take.parent) == ["take.wav"]


def test_a_result_that_cannot_be_written_leaves_no_copy_behind(
    recording: MakeRecording, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = recording("takes/take.wav")
    domain = edit(take).stderr.rsplit(" ", 1)[-1].rstrip(".\n")
    before = take.read_bytes()
    real = os.fsync
    copied = []

    def full(descriptor: int) -> None:
        real(descriptor)
        copied.append(descriptor)
        if len(copied) == 3:  # the copy and its folder are on the disk
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = edit(take, "--to", domain)
    assert result.exit_code == 1
    assert len(copied) == 3
    assert "No space left" in result.stderr
    assert take.read_bytes() == before
    assert names(take.parent) == ["take.wav"]


def test_a_file_that_changes_while_the_result_is_made_is_left_alone(
    recording: MakeRecording, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = recording("takes/take.wav")
    domain = edit(take).stderr.rsplit(" ", 1)[-1].rstrip(".\n")
    from umtn_core.translation import Translation

    real = Translation.results

    def meanwhile(self, cancelled):  # type: ignore[no-untyped-def]
        def blocks(made):  # type: ignore[no-untyped-def]
            yield from made
            os.utime(take, ns=(1, 1))

        return [blocks(made) for made in real(self, cancelled)]

    monkeypatch.setattr(Translation, "results", meanwhile)
    result = edit(take, "--to", domain)
    assert result.exit_code == 1
    assert "changed in the meantime" in result.stderr
    assert names(take.parent) == ["take.wav"]


def test_without_room_for_the_copy_the_file_is_left_alone(
    recording: MakeRecording, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = recording("takes/take.wav")
    domain = edit(take).stderr.rsplit(" ", 1)[-1].rstrip(".\n")
    before = take.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.shutil, "copyfileobj", full)
    result = edit(take, "--to", domain)
    assert result.exit_code == 1
    assert "No space left" in result.stderr
    assert take.read_bytes() == before
    assert names(take.parent) == ["take.wav"]

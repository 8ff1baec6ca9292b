from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.cli.main import umtn
from bridge.cli.typed_paths import to_read, to_write
from umtn_core.errors import UmtnError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="paths of this system")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "é x.wav").write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize(
    "typed",
    [
        "é x.wav", "'é x.wav'", '"é x.wav"', "é\\ x.wav", " é x.wav\n", "~/é x.wav",
        "file:///{}/%C3%A9%20x.wav", "file:{}/%C3%A9%20x.wav", "FILE://localhost{}/é%20x.wav",
    ],
)  # fmt: skip
def test_a_file_is_found_however_it_is_written(folder: Path, typed: str) -> None:
    found = to_read(typed.format(folder))
    assert os.path.samefile(found, folder / "é x.wav")


def test_what_is_there_by_that_very_name_is_meant(folder: Path) -> None:
    for name in ("'é x.wav'", "~", "%41.wav"):
        (folder / name).write_bytes(b"")
        assert to_read(name) == name
    (folder / "file:").mkdir()
    (folder / "file:" / "a.wav").write_bytes(b"")
    assert to_read("file:///a.wav") == "file:///a.wav"


def test_what_is_not_there_is_called_as_it_was_typed(folder: Path) -> None:
    for name in ("no.wav", "'no.wav'", "no\n.wav", "C:\\takes\\no.wav"):
        assert to_read(name) == name
    assert to_read(f"file://{folder}/no.wav") == f"{folder}/no.wav"


@pytest.mark.parametrize("of", [to_read, to_write])
@pytest.mark.parametrize(
    "typed", ["https://example.org/a.wav", "file://other.invalid/a.wav", "file:///%FF.wav"]
)
def test_what_is_elsewhere_is_refused(folder: Path, typed: str, of: Callable[[str], str]) -> None:
    with pytest.raises(UmtnError, match="is a URI, but not one of a file on this machine"):
        of(typed)


def test_new_files_are_named_by_uris_and_in_the_home_too(folder: Path) -> None:
    assert to_write("file:///takes/a%20b.wav") == "/takes/a b.wav"
    assert to_write("~/a.wav") == f"{folder}/a.wav"
    for plain in ("a.wav", "out/", "'a.wav'", "/takes/~/a.wav"):
        assert to_write(plain) == plain


@pytest.mark.usefixtures("models_folder", "folder")
def test_each_command_takes_a_uri(recording: Callable[..., Path]) -> None:
    take = recording("my take.wav")
    uri = take.as_uri()

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(umtn, [*arguments, "--to", "flute", "--model", "tiny"])
        assert result.exit_code == (1 if result.stderr else 0)
        return result.stderr

    elsewhere = "https://example.org/a.wav"
    sentence = f"umtn: {elsewhere} is a URI, but not one of a file on this machine; "
    # One that is wrong does not keep the others from being done.
    assert run("translate", elsewhere, uri).startswith(sentence)
    assert take.with_name("my take.flute.wav").is_file()
    assert run("translate", uri, "-o", take.with_name("its result.wav").as_uri()) == ""
    assert take.with_name("its result.wav").is_file()
    assert run("edit", uri) == ""
    assert take.with_name("my take.original.wav").is_file()
    for command in ("edit", "send"):
        assert run(command, elsewhere).startswith(sentence)
    assert run("send", uri, "-o", elsewhere).startswith(sentence)


@pytest.mark.parametrize("command", ["translate", "edit", "send"])
def test_no_name_at_all_is_not_the_working_folder(command: str) -> None:
    result = CliRunner().invoke(umtn, [command, "", "--to", "clarinet"])
    assert result.exit_code != 0
    assert "is empty" in result.stderr

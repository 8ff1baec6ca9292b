"""What `umtn bridge` refuses before it starts, and what it is started with."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.cli.bridge import _private_files, _settings
from bridge.cli.main import umtn


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ("--keep-gb 1e300", 2, "write a number from 0 to 1000000, not '1e300'"),
        ("--keep-days 1e300", 2, "write a number from 0 to 1000000, not '1e300'"),
        ("--max-minutes 1e308", 2, "write a number above 0, up to 1000000, not '1e308'"),
        ("--max-rate 1e-9", 2, "write 0 for any number, or one from 1 on, not '1e-9'"),
        ("--max-rate -1", 2, "write a number from 0 to 1000000, not '-1'"),
        ("--cores 99999", 2, "write a whole number from 1 to 1024, not '99999'"),
        ("--workers 99999", 2, "write a whole number from 1 to 1024, not '99999'"),
        ("--bind localhost:9471", 1, "There is no address 'localhost:9471' to listen on"),
        ("--bind nope.invalid", 1, "There is no address 'nope.invalid' to listen on"),
        ("--bind 0.0.0.0", 1, "To listen on 0.0.0.0, where other machines can come in"),
        ("--bind 0.0.0.0 --no-token", 1, "To listen on 0.0.0.0, where other machines can come in"),
        (f"--token {'x' * 1_025}", 1, "The token has 1025 bytes"),
        (f"--token {'x' * 16} --no-token", 1, "leave one of them out"),
    ],
)
@pytest.mark.usefixtures("models_folder")
def test_what_no_bridge_can_be_is_one_sentence(options: str, code: int, said: str) -> None:
    result = CliRunner().invoke(umtn, ["bridge", *options.split(), "--port", "0"])
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr and len(result.stderr.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="has no umask")
@pytest.mark.parametrize(
    ("users", "during"),
    [(0o022, 0o077), (0o027, 0o077), (0o077, 0o077), (0o002, 0o002), (0o000, 0o000)],
)
def test_files_are_the_users_alone_unless_the_umask_is_wide_on_purpose(
    users: int, during: int
) -> None:
    before = os.umask(users)
    try:
        with _private_files() as said:
            now = os.umask(0o022)
            os.umask(now)
            assert (said, now) == (users, during)
        assert os.umask(users) == users
    finally:
        os.umask(before)


def test_each_start_has_a_token_of_its_own_unless_none_is_wanted() -> None:
    def settings(*options: str) -> str | None:
        command = umtn.get_command(None, "bridge")  # type: ignore[arg-type]
        assert command is not None
        given = command.make_context("bridge", list(options)).params
        parsed = {**given, "token": "0123456789abcdef" if "--token" in options else None}
        parsed.pop("token_file", None)
        return _settings(parsed, 0o022)[0].token

    first, second = settings(), settings()
    assert first is not None and second is not None and first != second
    assert min(len(first), len(second)) >= 32
    assert settings("--token", "0123456789abcdef") == "0123456789abcdef"
    assert settings("--no-token") is None


@pytest.mark.usefixtures("models_folder")
def test_a_file_of_the_users_is_refused_before_anything_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("Shopping: milk")
    monkeypatch.setenv("UMTN_BRIDGE_FILE", str(notes))
    folders = ["--data-folder", tmp_path / "data", "--session-folder", tmp_path / "sessions"]
    result = CliRunner().invoke(umtn, ["bridge", "--port", "0", *map(str, folders)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert f"in the place of {notes}" in result.stderr and "$UMTN_BRIDGE_FILE" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    assert notes.read_text() == "Shopping: milk"


@pytest.mark.skipif(sys.platform == "win32", reason="finds homes in other ways")
def test_a_user_without_a_home_is_told_what_to_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(_: int) -> None:
        raise KeyError

    for name in ("HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    monkeypatch.setenv("UMTN_BRIDGE_FILE", str(tmp_path / "bridge.json"))
    result = CliRunner().invoke(umtn, ["bridge", "--port", "0"])
    assert result.exit_code == 1 and len(result.stderr.splitlines()) == 1
    assert "set HOME, or name folders with --data-folder and --session-folder" in result.stderr
    # Whoever names them gets as far as the port.
    folders = ["--data-folder", tmp_path / "data", "--session-folder", tmp_path / "sessions"]
    result = CliRunner().invoke(umtn, ["bridge", *map(str, folders), "--bind", "nope.invalid"])
    assert "There is no address 'nope.invalid'" in result.stderr
    assert CliRunner().invoke(umtn, ["models"]).exit_code == 0

"""One token, however it is given."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bridge.cli.token import read_token, token_options, token_source
from umtn_core.errors import UmtnError

TOKEN = "0123456789abcdef"


@click.command()
@token_options
def shows(token: str | None) -> None:
    click.echo(repr(token))


@click.command()
@token_options
def says_where_from(token: str | None) -> None:
    click.echo(token_source())


def test_what_gave_the_token_is_known(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    environment = {"UMTN_TOKEN": TOKEN}
    for options, source in (
        (["--token", TOKEN], "--token"),
        (["--token-file", str(tmp_path / "token")], "--token-file"),
        ([], "$UMTN_TOKEN"),
    ):
        result = CliRunner().invoke(says_where_from, options, env=environment)
        assert result.stdout == f"{source}\n"


@pytest.mark.parametrize(
    "written", [TOKEN, f"{TOKEN}\n", f"{TOKEN}\r\n", f"\ufeff{TOKEN}\n", f"  {TOKEN} \n"]
)
def test_a_file_and_the_command_line_give_the_same(tmp_path: Path, written: str) -> None:
    (tmp_path / "token").write_text(written, encoding="utf-8", newline="")
    assert read_token(tmp_path / "token") == TOKEN
    given = written.removeprefix("\ufeff")
    for options in (["--token", given], ["--token-file", str(tmp_path / "token")]):
        assert CliRunner().invoke(shows, options).stdout == f"{TOKEN!r}\n"
    assert CliRunner().invoke(shows, env={"UMTN_TOKEN": given}).stdout == f"{TOKEN!r}\n"
    assert CliRunner().invoke(shows).stdout == "None\n"


@pytest.mark.parametrize(
    ("written", "said"),
    [(TOKEN.encode("utf-16"), "it is not UTF-8"), (b"", "is empty"), (b"\xef\xbb\xbf\n", "empty")],
)
def test_what_holds_no_token_is_said(tmp_path: Path, written: bytes, said: str) -> None:
    (tmp_path / "token").write_bytes(written)
    with pytest.raises(UmtnError, match=said):
        read_token(tmp_path / "token")


@pytest.mark.skipif(os.name != "posix", reason="about modes")
@pytest.mark.parametrize(("mode", "told"), [(0o600, False), (0o644, True), (0o640, True)])
def test_who_else_can_read_the_file_is_told(tmp_path: Path, mode: int, told: bool) -> None:
    (file := tmp_path / "token").write_text(TOKEN)
    file.chmod(mode)
    result = CliRunner().invoke(shows, ["--token-file", str(file)])
    assert result.stdout == f"{TOKEN!r}\n"
    assert ("chmod 600" in result.stderr) == told

"""The options that give a token, for the bridge and for its client."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import click

from bridge.cli.options import Command
from bridge.cli.output import say
from bridge.text import is_utf_8, shell_word
from umtn_core.errors import UmtnError


def token_options(command: Command) -> Command:
    """Give a command ``--token`` and ``--token-file``; it gets what they hold as ``token``.

    It is None where none is given: a client then finds the one of this user's bridge by itself.
    """

    @click.option(
        "--token",
        metavar="TOKEN",
        envvar="UMTN_TOKEN",
        help="Secret that clients must send, at least 16 characters; also as $UMTN_TOKEN.  "
        "[default: one that your own programs on this machine find by themselves]",
    )
    @click.option(
        "--token-file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="File that holds the token, so that lists of processes do not show it.",
    )
    @functools.wraps(command)
    def with_token(*args: Any, token: str | None, token_file: Path | None, **others: Any) -> Any:
        if token_file is not None:
            token = read_token(token_file)
        if token is not None and not is_utf_8(token):
            raise UmtnError("The token is not UTF-8, as all is that is sent; choose another one.")
        elif token is not None:
            # As it is read from a file, so that both are the same token.
            token = token.strip()
        return command(*args, token=token, **others)

    return with_token


def token_source() -> str:
    """Say what gave the token to the command that runs now: an option, or the environment."""
    context = click.get_current_context()
    if context.params.get("token_file") is not None:
        return "--token-file"
    source = context.get_parameter_source("token")
    return "$UMTN_TOKEN" if source is click.core.ParameterSource.ENVIRONMENT else "--token"


def read_token(path: Path) -> str:
    """Read a token from a file.

    Raises
    ------
    UmtnError
        If there is none.
    """
    try:
        token = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UmtnError(f"Cannot read the token file {path} ({reason}).") from error
    if not token:
        raise UmtnError(f"The token file {path} is empty; write a token into it.")
    if os.name == "posix" and path.stat().st_mode & 0o044:
        say(f"other users can read the token file {path}; run `chmod 600 {shell_word(str(path))}`")
    return token

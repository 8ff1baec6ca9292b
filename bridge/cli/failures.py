"""How the command line fails: one sentence on stderr and a non-zero exit, never a traceback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from umtn_core.errors import Cancelled, UmtnError

#: Set to anything, this shows the traceback after all.
DEBUG = "UMTN_DEBUG"

FAILED = 1
MISUSED = 2
#: What shells give for a process that was ended by Ctrl-C.
INTERRUPTED = 130


class Failure(click.ClickException):
    """One sentence for the user, and the exit code."""

    exit_code = FAILED

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the sentence on stderr."""
        click.echo(f"umtn: {self.message}", file=file, err=file is None)


class Misuse(Failure):
    """The arguments make no sense."""

    exit_code = MISUSED


class Interruption(Failure):
    """The user has stopped it."""

    exit_code = INTERRUPTED


@contextmanager
def as_failures() -> Iterator[None]:
    """Turn whatever goes wrong inside into a `Failure`."""
    try:
        yield
    except (Failure, click.exceptions.Exit):
        raise
    except (Cancelled, KeyboardInterrupt, click.Abort) as error:
        _show_traceback_if_asked(error)
        raise Interruption("Cancelled.") from error
    except UmtnError as error:
        _show_traceback_if_asked(error)
        raise Failure(str(error)) from error
    except click.UsageError as error:
        raise Misuse(_with_help_hint(error)) from error
    except click.ClickException as error:
        raise Failure(error.format_message()) from error
    except BrokenPipeError:
        # The reader of a pipe has gone (`umtn models | head`): click knows how to end quietly.
        raise
    except Exception as error:
        _show_traceback_if_asked(error)
        kind = type(error).__name__
        raise Failure(
            f"Something unexpected went wrong ({kind}: {error}); "
            f"run again with {DEBUG}=1 to see where."
        ) from error


@contextmanager
def needs_extra(work: str, extra: str) -> Iterator[None]:
    """Say which extra to install when a module that belongs to one is missing.

    Parameters
    ----------
    work
        What needs it, as the beginning of a sentence.
    extra
        The name of the extra.

    Raises
    ------
    UmtnError
        If a module from outside the project cannot be found.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        root = (error.name or "").partition(".")[0]
        if root in ("umtn_core", "export", "bridge"):
            raise
        raise UmtnError(
            f"{work} needs the {extra} extra ({root} is not installed): "
            f'pip install "umtn[{extra}]".'
        ) from error


def _with_help_hint(error: click.UsageError) -> str:
    message = error.format_message()
    command = error.ctx.command_path if error.ctx else "umtn"
    return f"{message.rstrip('.')}; see `{command} --help`."


def _show_traceback_if_asked(error: BaseException) -> None:
    if os.environ.get(DEBUG):
        import traceback

        traceback.print_exception(error)

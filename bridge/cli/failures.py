"""How the command line fails: one sentence on stderr and a non-zero exit, never a traceback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from bridge.text import quoted, sentence
from umtn_core.errors import Cancelled, UmtnError
from umtn_core.names import did_you_mean

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
        click.echo(sentence(f"umtn: {self.message}"), file=file, err=file is None)


class Misuse(Failure):
    """The arguments make no sense."""

    exit_code = MISUSED


class Interruption(Failure):
    """The user has stopped it."""

    exit_code = INTERRUPTED


@contextmanager
def as_failures(ctx: click.Context | None = None) -> Iterator[None]:
    """Turn whatever goes wrong inside into a `Failure`.

    Parameters
    ----------
    ctx
        The group that runs a command here, whose help is named where an error does not say itself
        which command it belongs to.
    """
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
        raise Misuse(_with_help_hint(error, ctx)) from error
    except click.ClickException as error:
        raise Failure(error.format_message()) from error
    except BrokenPipeError:
        # The reader of a pipe has gone (`umtn models | head`): click knows how to end quietly.
        raise
    except Exception as error:
        _show_traceback_if_asked(error)
        if isinstance(error, FileNotFoundError) and not _has_working_folder():
            raise Failure(
                "The folder that umtn was started in is not there any more; "
                "change into another one and run it again."
            ) from error
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


def _has_working_folder() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True


def _with_help_hint(error: click.UsageError, group: click.Context | None) -> str:
    if isinstance(error, click.NoSuchOption):
        known = did_you_mean(error.option_name, error.possibilities or ())
        message = f"There is no option {quoted(error.option_name)}{known}"
    else:
        message = error.format_message().rstrip(".")
    command = "umtn"
    if error.ctx is not None:
        command = error.ctx.command_path
    elif group is not None:
        command = f"{group.command_path} {group.invoked_subcommand or ''}".strip()
    return f"{message}; see `{command} --help`."


def _show_traceback_if_asked(error: BaseException) -> None:
    if os.environ.get(DEBUG):
        import traceback

        traceback.print_exception(error)

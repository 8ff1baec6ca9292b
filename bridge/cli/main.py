"""The top of the command line: which sub-commands there are, and how any of them fails."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click

from bridge.cli.failures import as_failures
from bridge.cli.groups import NamedGroup
from bridge.text import shell_word
from umtn_core.names import meant

#: Sub-commands, in the order of the help. Each is imported only when asked for, and imports
#: what it needs only when run: `umtn --help` must not wait for onnxruntime, let alone torch.
COMMANDS = {
    "translate": "Play recordings on another instrument.",
    "edit": "Play a file on another instrument in its place, as a DAW's external editor.",
    "bridge": "Render in the background what programs ask for over OSC.",
    "send": "Have a running bridge render a file.",
    "models": "List the models that can be found.",
    "bench": "Measure how fast this machine renders.",
    "doctor": "Say what is installed, and what to do about what is not.",
    "data": "Make training data from audio, or from scores and soundfonts.",
    "train": "Train a network on your own instruments.",
    "train-postfilter": "Train what takes noise out of what a network plays.",
    "evaluate": "Measure how good a model is, and write a report.",
    "ratings": "Sum up what listeners said of it.",
    "export": "Turn a trained network into a model bundle.",
    "import-checkpoint": "Turn the published weights into one.",
}


class Umtn(NamedGroup):
    """A group that knows its commands by name and turns every error into one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the sub-commands, without importing any."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import a sub-command."""
        if name not in COMMANDS:
            return None
        name = name.replace("-", "_")
        command: click.Command = getattr(import_module(f"bridge.cli.{name}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the sub-command; of a recording in its place, say which takes one."""
        if not meant(args[0], COMMANDS) and os.path.exists(args[0]):
            ctx.fail(
                f"{args[0]} is no command; to play it on another instrument, write "
                f"`umtn translate {shell_word(args[0])} --to INSTRUMENT`"
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the sub-commands in the help, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the arguments before the sub-command's name."""
        with as_failures():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Read the sub-command's arguments and run it."""
        with as_failures(ctx):
            return super().invoke(ctx)


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"umtn {installed_version()}")
        ctx.exit()


def installed_version() -> str:
    """Version of the installed distribution, or a word for there being none."""
    try:
        return version("umtn")
    except PackageNotFoundError:
        return "(not installed)"


@click.command(
    cls=Umtn,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=False,
    invoke_without_command=True,
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
@click.pass_context
def umtn(ctx: click.Context) -> None:
    """Play a recording on another instrument.

    Start with: umtn translate song.wav --to trumpet
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> None:
    """Run the command line and exit."""
    if sys.argv[1:2] and sys.argv[1] in COMMANDS:
        from bridge.discovery.command_file import leave_command

        leave_command()
    umtn(prog_name="umtn")

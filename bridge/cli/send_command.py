"""How `umtn send` reads its arguments: a file to render, or a verb."""

from __future__ import annotations

import os
from typing import Any

import click

from bridge.cli.send_verbs import VERBS
from umtn_core.names import did_you_mean, meant


class SendCommand(click.Command):
    """A command that renders a file, unless a verb stands where the file would.

    With ``--to`` it is a file whatever it is called, since that is of no use to any verb.
    """

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Read the arguments as those of the verb that is meant, or of a file to render."""
        place = self._place_of_first(info_name, args, parent)
        verb = _verb(args, place)
        if verb is None:
            return super().make_context(info_name, args, parent, **extra)
        # Of no command with arguments, which its path would show.
        here = click.Context(click.Command(info_name), info_name=info_name, parent=parent)
        rest = args[:place] + args[place + 1 :]
        return VERBS[verb][0].make_context(verb, rest, parent=here)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write how it is called, with a file and with verbs."""
        formatter.write_usage(ctx.command_path, "FILE --to TARGET [OPTIONS]")
        for verb, (_, ids) in VERBS.items():
            name = f"{ctx.command_path} {verb}"
            formatter.write_usage(name, f"{ids} [OPTIONS]".strip(), prefix=" " * len("Usage: "))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs, and then the options."""
        with formatter.section("Verbs"):
            formatter.write_dl(
                [
                    (f"{verb} {ids}".strip(), command.get_short_help_str(100))
                    for verb, (command, ids) in VERBS.items()
                ]
            )
        super().format_options(ctx, formatter)

    def _place_of_first(
        self, info_name: str | None, args: list[str], parent: click.Context | None
    ) -> int:
        """Find the first argument that is no option and no option's value; -1, there is none."""
        here = click.Context(
            self, info_name=info_name, parent=parent, allow_interspersed_args=False
        )
        options: list[click.Parameter] = [
            each for each in self.get_params(here) if isinstance(each, click.Option)
        ]
        parser = click.Command(info_name, params=options, add_help_option=False).make_parser(here)
        try:
            _, rest, _ = parser.parse_args(list(args))
        except click.UsageError:
            return -1
        place = len(args) - len(rest)
        # Behind two hyphens are files only.
        return -1 if not rest or "--" in args[max(0, place - 1) : place] else place


def no_such_verb(typed: str) -> str:
    """Say of what is no file and no verb which one may be meant."""
    if typed in VERBS or os.path.basename(typed) != typed:
        return f"There is no file {typed}"
    known = did_you_mean(typed, VERBS)
    return f"{typed} is neither a file nor one of {', '.join(VERBS)}{known}"


def _verb(args: list[str], place: int) -> str | None:
    """Say which verb is meant, if one is."""
    if place < 0 or any(arg == "--to" or arg.startswith("--to=") for arg in args):
        return None
    typed = args[place]
    if typed in VERBS:
        return typed
    found = [] if os.path.lexists(typed) else meant(typed, VERBS)
    return found[0] if len(found) == 1 else None

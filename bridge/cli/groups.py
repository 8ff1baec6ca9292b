"""Groups of commands that are found however they are written."""

from __future__ import annotations

import click

from bridge.text import quoted
from umtn_core.names import did_you_mean, meant


class NamedGroup(click.Group):
    """A group that says, of a command that it does not have, which one may be meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant."""
        typed, *others = args
        if not typed.startswith("-"):
            names = self.list_commands(ctx)
            found = meant(typed, names)
            if len(found) != 1:
                ctx.fail(f"There is no command {quoted(typed)}{did_you_mean(typed, names)}")
            typed = found[0]
        return super().resolve_command(ctx, [typed, *others])

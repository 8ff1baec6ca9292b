"""`umtn doctor`: what is installed, and what to do about what is not."""

from __future__ import annotations

import click

from bridge.cli.diagnosis import Diagnosis, diagnose
from bridge.cli.failures import FAILED
from bridge.cli.options import json_option
from bridge.cli.output import print_json


@click.command()
@json_option("everything")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Say what is installed, and what to do about what is not.

    Exits non-zero if something is in the way of translating.
    """
    found = diagnose()
    if as_json:
        print_json(found.as_plain())
    else:
        _print(found)
    if found.stops("everything"):
        ctx.exit(FAILED)


def _print(found: Diagnosis) -> None:
    click.echo(f"umtn {found.umtn}, Python {found.python}, {found.platform}")
    click.echo()
    _print_versions("Run time", found.packages)
    _print_versions("Training", found.training_packages)
    click.echo("Processors")
    click.echo(f"  execution providers  {', '.join(found.execution_providers) or 'none'}")
    click.echo(f"  NVIDIA driver        {'yes' if found.nvidia_driver else 'no'}")
    if found.cuda_engine:
        click.echo(f"  cuda engine          {found.cuda_engine}")
    click.echo("Models")
    for model in found.models:
        if "error" not in model:
            click.echo(f"  {model['name']}: {', '.join(model['domains'])} ({model['path']})")
            for domain, auto in model["auto"].items():
                click.echo(f"    auto for {domain}: {auto['engine']} ({auto['reason']})")
    if not found.models:
        click.echo("  none")
    click.echo("Making data from scores")
    click.echo(f"  fluidsynth  {found.fluidsynth or 'not installed'}")
    for name, path in found.soundfonts.items():
        click.echo(f"  {name}  {path or 'not installed'}")
    click.echo()
    if not found.problems:
        click.echo("Everything is in place.")
    for problem in found.problems:
        click.echo(f"{problem.what}\n  {problem.advice}")
    if found.problems and not found.stops("everything"):
        click.echo("Translating is not affected.")


def _print_versions(title: str, packages: dict[str, str | None]) -> None:
    click.echo(title)
    width = max(map(len, packages), default=0)
    for name, version in sorted(packages.items()):
        click.echo(f"  {name:<{width}}  {version or 'not installed'}")

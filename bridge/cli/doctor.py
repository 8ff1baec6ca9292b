"""`umtn doctor`: what is installed, and what to do about what is not."""

from __future__ import annotations

import click

from bridge.cli.diagnosis import Diagnosis, diagnose
from bridge.cli.failures import FAILED
from bridge.cli.options import json_option
from bridge.cli.output import print_json, print_line


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
    print_line(f"umtn {found.umtn}, Python {found.python}, {found.platform}")
    print_line()
    _print_versions("Run time", found.packages)
    _print_versions("Training", found.training_packages)
    print_line("Processors")
    print_line(f"  execution providers  {', '.join(found.execution_providers) or 'none'}")
    print_line(f"  NVIDIA driver        {'yes' if found.nvidia_driver else 'no'}")
    if found.cuda_engine:
        print_line(f"  cuda engine          {found.cuda_engine}")
    print_line("Models")
    for model in found.models:
        if "error" not in model:
            print_line(f"  {model['name']}: {', '.join(model['domains'])} ({model['path']})")
            for domain, auto in model["auto"].items():
                print_line(f"    auto for {domain}: {auto['engine']} ({auto['reason']})")
    if not found.models:
        print_line("  none")
    print_line("Making data from scores")
    print_line(f"  fluidsynth  {found.fluidsynth or 'not installed'}")
    for name, path in found.soundfonts.items():
        print_line(f"  {name}  {path or 'not installed'}")
    print_line()
    if not found.problems:
        print_line("Everything is in place.")
    for problem in found.problems:
        print_line(problem.what)
        print_line(f"  {problem.advice}")
    if found.problems and not found.stops("everything"):
        print_line("Translating is not affected.")


def _print_versions(title: str, packages: dict[str, str | None]) -> None:
    print_line(title)
    width = max(map(len, packages), default=0)
    for name, version in sorted(packages.items()):
        print_line(f"  {name:<{width}}  {version or 'not installed'}")

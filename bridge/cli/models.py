"""`umtn models`: the models that can be found, and what they say of themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from textwrap import shorten
from typing import Any

import click
import msgspec

from bridge.cli.options import json_option
from bridge.cli.output import print_json, print_line, say
from bridge.text import on_one_line, shortened
from umtn_core.bundle.manifest import MANIFEST, Manifest
from umtn_core.bundle.scope import Scope
from umtn_core.bundle.search import (
    Installed,
    find_bundle,
    installed_bundles,
    look_at,
    search_path,
)
from umtn_core.errors import UmtnError

#: Letters of a line in the list, beside its heading.
_WIDTH = 80

#: Figures that are listed, at most.
_MOST_FIGURES = 1000

#: Those measured with a ceiling and a floor that the list shows.
MAIN_FIGURES = (
    "pitch_within_50",
    "pitch_within_50_of_source",
    "named_as_target",
    "domain read off latents",
)


@click.command()
@click.argument("names", metavar="[MODEL]...", nargs=-1)
@click.option("--verbose", "-v", is_flag=True, help="Show how well each plays, too.")
@json_option("everything")
def models(names: tuple[str, ...], verbose: bool, as_json: bool) -> None:
    """List the models that can be found, or show all that there is to know of MODEL.

    MODEL is the name or the path of one.
    """
    found = [_called(name) for name in names] if names else describe_all()
    if as_json:
        print_json(found)
        return
    for model in found:
        _print(model, verbose or bool(names))
    if not found:
        *others, last = (str(folder) for folder in search_path())
        say(f"No model is installed; put one into {', '.join(others)} or {last}.")
    whole = [model["name"] for model in found if "error" not in model]
    if whole and not (names or verbose):
        print_line(err=True)
        print_line(f"`umtn models {whole[0]}` shows how well it plays.", err=True)


def describe_all() -> list[dict[str, Any]]:
    """Describe every model on the search path, as plain values.

    A model whose manifest cannot be read has ``error`` in place of the rest.
    """
    return [_described(model) for model in installed_bundles()]


def _called(name: str) -> dict[str, Any]:
    """Describe the model of a name or path."""
    model = look_at(find_bundle(name), name)
    if model.manifest is None:
        raise UmtnError(model.error)
    return _described(model)


def _described(model: Installed) -> dict[str, Any]:
    return {"name": model.name, "path": str(model.path)} | (
        {"error": model.error}
        if model.manifest is None
        else {**_describe(model.manifest), "bytes": _bytes(model.path, model.manifest)}
    )


def _bytes(path: Path, manifest: Manifest) -> int:
    """Bytes of a bundle's files, of those that are there."""
    files = [path]
    if path.is_dir():
        files = [path / name for name in (MANIFEST, *manifest.graph_files)]
    total = 0
    for file in files:
        # Whether all are there and whole, only opening the bundle can tell.
        with suppress(OSError):
            total += file.stat().st_size
    return total


def _describe(manifest: Manifest) -> dict[str, Any]:
    shape = manifest.shape
    return {
        "title": manifest.name,
        "domains": [domain.name for domain in manifest.domains],
        "titles": {domain.name: domain.title or domain.name for domain in manifest.domains},
        "sample_rate": shape.sample_rate,
        "output_rate": shape.output_rate,
        "bands": shape.bands,
        "postfilters": [each.name for each in manifest.domains if each.postfilter is not None],
        "parameters": shape.encoder_parameters + len(manifest.domains) * shape.decoder_parameters,
        "scope": None if manifest.scope is None else msgspec.to_builtins(manifest.scope),
        "licence": manifest.licence,
        "training_data": manifest.training_data,
        "sources": [{"source": s.source, "licence": s.licence} for s in manifest.sources],
        "quality": manifest.quality,
    }


def _print(model: dict[str, Any], fully: bool) -> None:
    title = model.get("title", model["name"])
    same = title.lower() == model["name"].lower()
    heading = model["name"] if same else f"{model['name']} ({title})"
    click.secho(on_one_line(heading), bold=True)
    if "error" in model:
        print_line(f"  broken    {model['error']}")
        print_line(f"  lies in   {model['path']}")
        return
    licence, trained = (" ".join(model[key].split()) for key in ("licence", "training_data"))
    print_line(f"  plays     {', '.join(model['domains'])}")
    print_line(f"  audio     {_rates(model)}")
    print_line(f"  weighs    {_size(model)}")
    if model["postfilters"]:
        print_line(f"  filtered  {_filtered(model)}")
    if model["scope"] is not None:
        print_line(f"  hears     {_hears(Scope(**model['scope']))}")
    print_line(f"  licence   {licence if fully else shortened(licence)}")
    print_line(f"  trained   {trained if fully else shorten(trained, _WIDTH, placeholder=' ...')}")
    print_line(f"  lies in   {model['path']}")
    figures = list(islice(_flat(model["quality"]), _MOST_FIGURES)) if fully else []
    if figures:
        print_line("  quality   (--json shows all of it)")
    for name, value in figures:
        print_line(f"    {name}: {value}")


def _size(model: dict[str, Any]) -> str:
    """Say how large a model is."""
    return f"{model['parameters'] / 1e6:.2g} million parameters, {model['bytes'] / 1e6:.2g} MB"


def _rates(model: dict[str, Any]) -> str:
    """Say at which rates a model hears and makes audio."""
    heard, made = (f"{model[key] / 1000:g} kHz" for key in ("sample_rate", "output_rate"))
    bands = f", in {model['bands']} bands" if model["bands"] > 1 else ""
    return (
        f"heard and made at {heard}{bands}"
        if heard == made
        else (f"heard at {heard}, made at {made}{bands}")
    )


def _hears(scope: Scope) -> str:
    """Say what a model was taught to hear."""
    voices = "" if scope.voices == 1 else f", up to {scope.voices} notes at once"
    return f"{scope.material}, {scope.range_in_words}{voices}"


def _filtered(model: dict[str, Any]) -> str:
    """Say which domains have a post-filter."""
    every = model["postfilters"] == model["domains"]
    return f"by a post-filter{'' if every else ' for ' + ', '.join(model['postfilters'])}"


def _figure(value: Any) -> str:
    """Write a figure in three digits; what is none, as it is."""
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, (int, float)) else str(value)


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Flatten nested figures into names and values a reader can scan."""
    if isinstance(value, dict) and value.keys() == {"value", "ceiling", "floor"}:
        if name.rpartition(", ")[2] not in MAIN_FIGURES:
            return
        parts = {key: _figure(part) for key, part in value.items()}
        yield name, f"{parts['value']} (floor {parts['floor']}, ceiling {parts['ceiling']})"
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}, {key}" if name else str(key))
    elif isinstance(value, float):
        yield name, f"{value:.4g}"
    elif isinstance(value, list):
        yield name, ", ".join(map(str, value))
    else:
        yield name, str(value)

"""Reads recipes, from files and from the package, and checks them."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

import msgspec

from umtn_core.data.synth.recipe import Recipe
from umtn_core.errors import UmtnError


def load_recipe(source: str | os.PathLike[str]) -> Recipe:
    """Read a recipe from a YAML file, or by the name of one that comes with the package.

    Raises
    ------
    UmtnError
        If there is no such file, or it is not a valid recipe.
    """
    path = Path(source)
    if not path.suffix:
        packaged = resources.files(__package__) / "recipes" / f"{path.name}.yaml"
        if not packaged.is_file():
            raise UmtnError(
                f"There is no recipe {str(source)!r}: give the path of a YAML file, "
                f"or one of {', '.join(packaged_recipes())}."
            )
        data = packaged.read_bytes()
    else:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UmtnError(f"Cannot read recipe {path}: {error.strerror or error}.") from error
    try:
        recipe = msgspec.yaml.decode(data, type=Recipe)
    except ImportError:
        raise UmtnError("Recipes need PyYAML: pip install 'umtn[train]'.") from None
    except msgspec.MsgspecError as error:
        raise UmtnError(f"The recipe {source} is not valid: {error}.") from error
    check_recipe(recipe)
    return recipe


def packaged_recipes() -> list[str]:
    """Return the names of the recipes that come with the package."""
    folder = resources.files(__package__) / "recipes"
    return sorted(
        item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml")
    )


def check_recipe(recipe: Recipe) -> None:
    """Refuse what types alone cannot: ranges upside down, names that make no path.

    Raises
    ------
    UmtnError
        With the first thing found wrong.
    """
    spans = _spans(recipe)
    for name, (low, high) in spans.items():
        if low > high:
            raise UmtnError(f"In the recipe, {name} runs from {low} down to {high}: swap them.")
    for name in ("performance.onsets_per_second", "pairs.seconds", "piece_s", "acoustics.peak"):
        if spans[name][0] <= 0:
            raise UmtnError(f"In the recipe, {name} must be above 0.")
    _check_domains(recipe)
    _check_invented(recipe)
    if recipe.valid + recipe.test >= 1:
        raise UmtnError("In the recipe, valid and test must sum to below 1.")


def _spans(recipe: Recipe) -> dict[str, tuple[float, float]]:
    """All ranges of a recipe, by where they stand in it."""
    spans = {
        "performance.onsets_per_second": recipe.performance.onsets_per_second,
        "performance.velocity": recipe.performance.velocity,
        "performance.legato": recipe.performance.legato,
        "acoustics.reverb_room": recipe.acoustics.reverb_room,
        "acoustics.noise_dbfs": recipe.acoustics.noise_dbfs or (0.0, 0.0),
        "acoustics.peak": recipe.acoustics.peak,
        "pairs.seconds": recipe.pairs.seconds,
        "piece_s": recipe.piece_s,
    }
    if recipe.expression is not None:
        expression = recipe.expression
        spans |= {
            "expression.vibrato_hz": expression.vibrato_hz,
            "expression.vibrato_depth": expression.vibrato_depth,
            "expression.vibrato_onset_s": expression.vibrato_onset_s,
            "expression.glide_s": expression.glide_s,
        }
    return spans | {f"domains.{n}.pitch": d.pitch for n, d in recipe.domains.items()}


def _check_domains(recipe: Recipe) -> None:
    """Refuse domains that cannot name a folder, or of which it is not clear what plays them."""
    for name in recipe.domains:
        if not name or not name.replace("_", "").replace("-", "").isalnum():
            raise UmtnError(
                f"In the recipe, the domain {name!r} must be of letters, digits, - and _."
            )
    for name, domain in recipe.domains.items():
        if bool(domain.programs) == bool(domain.soundfonts):
            raise UmtnError(
                f"In the recipe, the domain {name} must have either programs or soundfonts."
            )


def _check_invented(recipe: Recipe) -> None:
    """Refuse what only invented music can have, and what it cannot."""
    if "invented" not in recipe.collections:
        only = {
            "others": recipe.others is not None,
            "pairs.chords": recipe.pairs.chords > 0,
            "pairs.sources": bool(recipe.pairs.sources),
        }
        for name, there in only.items():
            if there:
                raise UmtnError(
                    f"In the recipe, {name} needs invented music: set collections to [invented]."
                )
        return
    if len(recipe.collections) > 1:
        raise UmtnError(
            "In the recipe, invented music stands alone: give scores a store of their own."
        )
    for name, domain in recipe.domains.items():
        if domain.pitch[1] - domain.pitch[0] < 12:
            raise UmtnError(f"In the recipe, domains.{name}.pitch must span an octave or more.")
    taken = sorted(set(recipe.pairs.sources) & set(recipe.domains))
    if taken:
        raise UmtnError(f"In the recipe, pairs.sources has {taken[0]}, which is a domain.")
    if recipe.pairs.chords and not any(d.polyphony for d in recipe.domains.values()):
        raise UmtnError("In the recipe, pairs.chords needs a domain with polyphony.")
    _check_never_heard(recipe)


def _check_never_heard(recipe: Recipe) -> None:
    """Refuse to hear in training what is kept for judging."""
    others = recipe.others
    heard = [item for domain in recipe.domains.values() for item in domain.instruments]
    never = {source.program for source in recipe.pairs.sources.values()}
    fonts: set[str] = set()
    if others is not None:
        versions = (*others.sustained, *others.struck)
        heard += [(item.font, program) for item in versions for program in item.programs]
        never |= set(others.never.programs)
        fonts |= set(others.never.soundfonts)
        if not versions and others.made_up < 1:
            raise UmtnError(
                "In the recipe, others has no instruments: name some, or set others.made_up to 1."
            )
    for font, program in heard:
        if program in never or font in fonts:
            raise UmtnError(
                f"In the recipe, program {program} of {font} is heard in training, and is kept "
                "for judging by others.never or pairs.sources: take it out of one of them."
            )

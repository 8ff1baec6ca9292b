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
    spans |= {f"domains.{n}.pitch": d.pitch for n, d in recipe.domains.items()}
    for name, (low, high) in spans.items():
        if low > high:
            raise UmtnError(f"In the recipe, {name} runs from {low} down to {high}: swap them.")
    for name in ("performance.onsets_per_second", "pairs.seconds", "piece_s", "acoustics.peak"):
        if spans[name][0] <= 0:
            raise UmtnError(f"In the recipe, {name} must be above 0.")
    for name in recipe.domains:
        if not name or not name.replace("_", "").replace("-", "").isalnum():
            raise UmtnError(
                f"In the recipe, the domain {name!r} must be of letters, digits, - and _."
            )
    if recipe.valid + recipe.test >= 1:
        raise UmtnError("In the recipe, valid and test must sum to below 1.")

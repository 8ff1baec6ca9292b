"""What a bundle says that its network was taught: what its store says, or somebody does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from umtn_core.bundle.scope import Scope
from umtn_core.data.store import RECIPE, Store
from umtn_core.data.synth.invention.invent import MOST_VOICES
from umtn_core.data.synth.recipe import Recipe
from umtn_core.errors import UmtnError


@dataclass(frozen=True)
class StatedScope:
    """What somebody says of it; None is not said.

    Parameters
    ----------
    pitch_range
        Lowest and highest MIDI pitch of its notes.
    voices
        Notes that sounded at once, at most.
    material
        What kind of music it was, in words that follow "was taught".
    """

    pitch_range: tuple[float, float] | None = None
    voices: int | None = None
    material: str | None = None

    def over(self, known: Scope | None) -> Scope | None:
        """Return what is known with what is said in its place.

        Parameters
        ----------
        known
            What is known without it; None is nothing.

        Raises
        ------
        UmtnError
            If only a part is said of what nothing is known of.
        """
        said: dict[str, Any] = {"voices": self.voices, "material": self.material}
        if self.pitch_range is not None:
            said["lowest"], said["highest"] = self.pitch_range
        said = {name: part for name, part in said.items() if part is not None}
        if not said:
            return known
        if known is not None:
            return msgspec.structs.replace(known, **said)
        if len(said) < len(Scope.__struct_fields__):
            raise UmtnError(
                "Nothing else says what the network was taught to hear: give the range of its "
                "notes, the number of voices and the material, all three."
            )
        return Scope(**said)


#: Says nothing: what is known stays.
NOTHING_STATED = StatedScope()


def taught_by(store: Store, domains: Sequence[str]) -> Scope | None:
    """Read what a synthetic store's recipe says of some domains.

    Parameters
    ----------
    store
        The training store.
    domains
        Those that a network was trained on.

    Returns
    -------
    Scope or None
        None where nothing tells which notes were played: recordings, scores of many voices.
    """
    try:
        recipe = msgspec.json.decode((store.path / RECIPE).read_bytes(), type=Recipe)
    except (OSError, msgspec.MsgspecError):
        return None
    if not set(domains) <= set(recipe.domains):
        return None
    played = [recipe.domains[domain] for domain in domains]
    is_invented = recipe.collections == ["invented"]
    if not is_invented and recipe.scope != "mono":
        return None
    has_chords = is_invented and any(domain.polyphony for domain in played)
    kind = "lines and chords" if has_chords else "single lines"
    return Scope(
        lowest=min(domain.pitch[0] for domain in played),
        highest=max(domain.pitch[1] for domain in played),
        voices=MOST_VOICES if has_chords else 1,
        material=f"{kind} of {_listed(domains)}",
    )


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last

"""Whether a model is good enough to be worth shipping: fixed bounds on two figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Tier: least note F1 as a share of the ceiling's, least share of clips named as the target.
BOUNDS = {1: (0.6, 0.9), 2: (0.4, 0.8)}


def verdict(tier: int, figures: Mapping[str, Any]) -> dict[str, Any]:
    """Compare one direction's figures with the bounds of its tier.

    Parameters
    ----------
    tier
        The tier whose bounds apply: 1 or 2.
    figures
        The figures of `umtn_core.evaluation.measures.direction_figures.measure`.

    Returns
    -------
    dict
        ``content`` (note F1 as a share of the ceiling's) and ``target`` (share of clips named as
        the target's instrument), each with ``value``, ``interval``, ``bound`` and ``reached``.
    """
    content, target = BOUNDS[tier]
    return {
        "content": _judged(figures["note_f1"]["share_of_ceiling"], content),
        "target": _judged(figures["named_as_target"], target),
    }


def _judged(figure: Mapping[str, Any], bound: float) -> dict[str, Any]:
    value = figure["value"]
    return {
        "value": value,
        "interval": figure["interval"],
        "bound": bound,
        "reached": value is not None and value >= bound,
    }

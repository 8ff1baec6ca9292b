"""Small drawings inside a page, as SVG."""

from __future__ import annotations

from collections.abc import Sequence

_WIDTH, _HEIGHT = 180, 18
#: Where floor and ceiling lie; beyond them there is room for what is worse or better.
_FLOOR_X, _CEILING_X = 22.0, 152.0


def gauge(
    value: float | None,
    interval: Sequence[float] | None,
    floor: float | None,
    ceiling: float | None,
) -> str:
    """Draw where a value lies between its floor (left) and its ceiling (right), as SVG.

    Empty where one of the three is missing, or floor and ceiling are the same. Whether more or less
    is better does not matter: right is better.
    """
    if value is None or floor is None or ceiling is None or floor == ceiling:
        return ""

    def place(number: float) -> float:
        share = (number - floor) / (ceiling - floor)
        return min(_WIDTH - 5.0, max(5.0, _FLOOR_X + share * (_CEILING_X - _FLOOR_X)))

    middle = _HEIGHT / 2
    bar = ""
    if interval:
        left, right = sorted(map(place, interval))
        bar = (
            f'<line class="interval" x1="{left:.1f}" x2="{max(right, left + 1):.1f}" '
            f'y1="{middle}" y2="{middle}"/>'
        )
    return (
        f'<svg class="gauge" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
        'role="img" aria-label="between floor and ceiling">'
        f'<line class="track" x1="{_FLOOR_X}" x2="{_CEILING_X}" y1="{middle}" y2="{middle}"/>'
        f'<line class="end floor" x1="{_FLOOR_X}" x2="{_FLOOR_X}" y1="3" y2="{_HEIGHT - 3}"/>'
        f'<line class="end" x1="{_CEILING_X}" x2="{_CEILING_X}" y1="3" y2="{_HEIGHT - 3}"/>'
        f'{bar}<circle class="value" cx="{place(value):.1f}" cy="{middle}" r="4.5"/></svg>'
    )


def curves(
    weights: Sequence[float], first: Sequence[float | None], second: Sequence[float | None]
) -> str:
    """Draw how much of two inputs is heard as their mixture shifts, as SVG."""
    left, top, wide, high = 40, 10, 300, 110

    def line(name: str, values: Sequence[float | None]) -> str:
        known = [(w, v) for w, v in zip(weights, values, strict=True) if v is not None]
        places = [(left + w * wide, top + (1 - v) * high) for w, v in known]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in places)
        return f'<g class="{name}"><polyline points="{points}"/>{dots}</g>'

    ticks = "".join(
        f'<text x="{left + w * wide}" y="{top + high + 16}" text-anchor="middle">{w:g}</text>'
        for w in weights
    )
    levels = "".join(
        f'<text x="{left - 6}" y="{top + (1 - v) * high + 4}" text-anchor="end">{v:.0%}</text>'
        f'<line class="grid" x1="{left}" x2="{left + wide}" y1="{top + (1 - v) * high}" '
        f'y2="{top + (1 - v) * high}"/>'
        for v in (0.0, 0.5, 1.0)
    )
    return (
        f'<svg class="curves" viewBox="0 0 {left + wide + 12} {top + high + 22}" width="352" '
        f'height="142" role="img" aria-label="share of each input heard">{levels}{ticks}'
        f"{line('first', first)}{line('second', second)}</svg>"
    )

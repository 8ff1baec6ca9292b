"""Figures as tables of a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from umtn_core.evaluation.report.charts import gauge
from umtn_core.evaluation.report.words import (
    CONTROLLED,
    GROUPS,
    LOWER_IS_BETTER,
    ONE_IS_BEST,
    TIERS,
    arrow,
    is_figure,
    number,
    span,
)

_CONTROLS = (("source", "source"), ("another_piece", "other piece"), ("silence", "silence"))
#: Where there is one recording only.
_FLOOR = (("floor", "floor"),)


def figures_table(figures: Mapping[str, Any]) -> str:
    """Make a table of one direction's figures, grouped, with a gauge for each.

    Parameters
    ----------
    figures
        The figures of `umtn_core.evaluation.measures.direction_figures.measure` or of
        `umtn_core.evaluation.real_players.measure_recording`.
    """
    controlled = any("controls" in figure for figure in figures.values())
    columns = _CONTROLS if controlled else _FLOOR
    rows = []
    for group, measures in GROUPS.items():
        lines = [
            _row(name, title, unit, figures[name], columns)
            for name, title, unit in measures
            if is_figure(figures.get(name))
        ]
        if lines:
            rows.append(f'<tr class="group"><th colspan="8">{escape(group)}</th></tr>')
            rows += lines
    heads = "".join(f"<th>{name}</th>" for _, name in columns)
    return (
        '<table class="figures"><thead><tr><th></th><th>this model</th><th>95 % interval</th>'
        f"<th>floor &rarr; ceiling</th><th>ceiling</th>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _row(
    name: str, title: str, unit: str, figure: Mapping[str, Any], columns: Sequence[tuple[str, str]]
) -> str:
    best = "<small>less is better</small>" if name in LOWER_IS_BETTER else ""
    best = "<small>1 is right</small>" if name in ONE_IS_BEST else best
    interval = figure.get("interval")
    others = figure.get("controls", figure)
    cells = "".join(f"<td>{number(others.get(key), unit)}</td>" for key, _ in columns)
    return (
        f"<tr><td>{escape(title)}{best}</td><td><b>{number(figure['value'], unit)}</b></td>"
        f"<td>{span(interval, unit)}</td>"
        f"<td>{gauge(figure['value'], interval, figure['floor'], figure['ceiling'])}</td>"
        f"<td>{number(figure['ceiling'], unit)}</td>{cells}</tr>"
    )


def verdict_table(report: Mapping[str, Any]) -> str:
    """Make the table at the top: content and target of every direction against their bounds."""
    rows = []
    for tier in (1, 2):
        for make in report["tiers"][str(tier)]:
            for direction, verdict in report["verdicts"][make].items():
                rows.append(
                    f"<tr><td>{tier}. {TIERS[tier][0]}<small>{escape(make)}</small></td>"
                    f"<td>{escape(arrow(direction))}</td>"
                    f"{_judged(verdict['content'])}{_judged(verdict['target'])}</tr>"
                )
    return (
        '<table class="verdict"><thead><tr><th>tier</th><th>direction</th>'
        "<th>keeps the notes<small>share of the ceiling's note F1</small></th>"
        "<th>sounds like the target<small>clips a classifier takes for it</small></th>"
        f"</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _judged(figure: Mapping[str, Any]) -> str:
    mark = "reached" if figure["reached"] else "missed"
    return (
        f'<td class="{mark}"><b>{number(figure["value"], "%")}</b> '
        f"<small>{span(figure['interval'], '%')}; {mark}, bound {number(figure['bound'], '%')}"
        "</small></td>"
    )


def likelihood_table(likelihood: Mapping[str, Mapping[str, Any]]) -> str:
    """Make the table of nats a sample."""
    names = {
        "network": "this network",
        "linear_prediction_adaptive": "linear prediction, adapting",
        "linear_prediction_fixed": "linear prediction, fitted once",
        "unigram": "no context",
    }
    head = "".join(f"<th>{title}</th>" for title in names.values())
    rows = "".join(
        f"<tr><td>{escape(domain)}</td>"
        + "".join(f"<td>{nats[name]:.2f}</td>" for name in names)
        + "</tr>"
        for domain, nats in likelihood.items()
    )
    return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>"


def joins_table(joins: Mapping[str, Any]) -> str:
    """Make the table of what changes where segments are joined."""
    rows = "".join(
        f"<tr><td>to {escape(target)}</td><td>{found['joins']}</td>"
        + "".join(
            f"<td>{found[kind]['percentile']:.0f}</td><td>{found[kind]['unbroken_percentile']:.0f}"
            "</td>"
            for kind in ("flux", "level")
        )
        + "</tr>"
        for target, found in joins.items()
        if found
    )
    if not rows:
        return "<p>The pieces are too short to be cut into segments.</p>"
    return (
        "<table><thead><tr><th></th><th>joins</th><th>spectral change, rank at joins</th>"
        "<th>same places, unbroken</th><th>level change, rank at joins</th>"
        f"<th>same places, unbroken</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def controlled_table(controlled: Mapping[str, Mapping[str, Any]]) -> str:
    """Make the table of swells, rests and places that were made up: value, floor to ceiling.

    Parameters
    ----------
    controlled
        The figures of `umtn_core.evaluation.controlled.controlled_figures` of each target.
    """
    heads = "".join(f"<th>{escape(title)}</th>" for _, title, _ in CONTROLLED)
    rows = "".join(
        f"<tr><td>to {escape(target)}</td>"
        + "".join(_cell(found["figures"][name], unit) for name, _, unit in CONTROLLED)
        + "</tr>"
        for target, found in controlled.items()
    )
    return f"<table><thead><tr><th></th>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(figure: Mapping[str, Any], unit: str) -> str:
    bounds = " to ".join(number(figure[part], unit) for part in ("floor", "ceiling"))
    return f"<td><b>{number(figure['value'], unit)}</b><small>{bounds}</small></td>"


def places_table(controlled: Mapping[str, Mapping[str, Any]]) -> str:
    """Make the table of how alike left and right are, of every place and target.

    Parameters
    ----------
    controlled
        The figures of `umtn_core.evaluation.controlled.controlled_figures` of each target.
    """
    kinds: list[str] = next((found["kinds"] for found in controlled.values()), [])
    heads = "".join(f"<th>{escape(kind)}, in</th><th>out</th>" for kind in kinds)
    rows = "".join(
        f"<tr><td>to {escape(target)}</td>"
        + "".join(
            f"<td>{number(each['in'], '')}</td><td><b>{number(each['out'], '')}</b></td>"
            for each in found["correlations"]
        )
        + "</tr>"
        for target, found in controlled.items()
    )
    return f"<table><thead><tr><th></th>{heads}</tr></thead><tbody>{rows}</tbody></table>"

"""The report's page: one HTML file; sounds and pictures lie beside it, nothing lies elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from umtn_core.evaluation.material.controlled import SWELL_DB, VIBRATO_CENTS
from umtn_core.evaluation.report.charts import curves
from umtn_core.evaluation.report.tables import (
    controlled_table,
    figures_table,
    joins_table,
    likelihood_table,
    places_table,
    verdict_table,
)
from umtn_core.evaluation.report.words import TIERS, arrow, number, span
from umtn_core.evaluation.summary import means_over_directions


@dataclass(frozen=True)
class Shown:
    """Something to hear and see on the page.

    Parameters
    ----------
    title
        The title above the sounds.
    sounds
        The sounds: name and path of each file, relative to the page.
    picture
        The path of the spectrograms, or None.
    """

    title: str
    sounds: Mapping[str, str]
    picture: str | None = None


def page(
    report: Mapping[str, Any],
    shown: Mapping[tuple[str, str], Sequence[Shown]],
    blends: Sequence[Shown],
    swells: Sequence[Shown],
) -> str:
    """Write the page.

    Parameters
    ----------
    report
        The report of `umtn_core.evaluation.evaluate.evaluate`.
    shown
        The examples of each ``(make, direction)``; real recordings have the make ``real player``.
    blends, swells
        The mixtures, in the report's order, and what was made to swell.
    """
    parts = [_head(report)]
    for tier in (1, 2):
        parts.append(_tier_title(tier))
        for make in report["tiers"][str(tier)]:
            pieces = len(report["pieces"][make])
            parts.append(f"<p>{escape(make)}, {pieces} pieces.</p>")
            for direction, figures in report["directions"][make].items():
                parts += _direction(direction, figures, shown.get((make, direction), ()))
        if tier == 2:
            parts += [f"<p>{escape(sentence)}</p>" for sentence in report["tiers"]["left_out"]]
    parts += [_tier_title(3), *_recordings(report, shown)]
    parts += _latents(report, blends)
    parts += [
        "<h2>Joins of segments</h2>",
        "<p>A long recording may be decoded in segments that are joined. The change at each join "
        "is ranked among changes elsewhere in the same render: 50 is a place like any other. Cuts "
        "seek pauses, where level changes anyway, so compare with the same places "
        "unbroken.</p>",
        joins_table(report["joins"]),
        *_controlled(report["controlled"], swells),
        "<h2>Loss</h2>",
        "<p>Nats a sample on held-out audio, given the true past. A low loss does not mean that "
        "melodies come out: judge by the figures above.</p>",
        likelihood_table(report["likelihood"]),
        _setting(report),
    ]
    return document(f"Evaluation of {report['model']}", "\n".join(parts))


def document(title: str, body: str, script: str = "") -> str:
    """Make a whole HTML file of a body, with the style inside."""
    style = Path(__file__).with_name("page.css").read_text()
    script = f"<script>{script}</script>" if script else ""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>\n"
        f"<body>{body}\n{script}</body></html>\n"
    )


def players(sounds: Mapping[str, str]) -> str:
    """Make a row of audio players."""
    rows = "".join(
        f'<label>{escape(name)}<audio controls preload="none" src="{escape(path)}"></audio></label>'
        for name, path in sounds.items()
    )
    return f'<div class="players">{rows}</div>'


def _head(report: Mapping[str, Any]) -> str:
    names = " and ".join(report["domains"])
    verdicts = [v for each in report["verdicts"].values() for v in each.values()]
    good = sum(v["content"]["reached"] and v["target"]["reached"] for v in verdicts)
    return (
        f"<h1>{escape(report['model'])}</h1><p class='lead'>How well a recording becomes the same "
        f"music on another instrument: {escape(names)}. {good} of {len(verdicts)} directions "
        "reach both bounds for shipping.</p>"
        f"{_in_short(report)}"
        '<nav><a href="listen.html">Rate it blind</a><a href="report.json">All figures (JSON)</a>'
        f"</nav>{verdict_table(report)}"
        "<p>Every figure stands between a <b>ceiling</b>, what a real render gets from the same "
        "measure, and a <b>floor</b>, what is wrong by design gets: another piece for content, the "
        "untouched source for timbre. Gauges run from floor (left mark) to ceiling (right mark); "
        "the bar is a 95 % interval from resampling the pieces. The last columns are the same "
        "measure of the untouched source, of other pieces on the target's instrument, and of "
        "silence.</p>"
    )


def _in_short(report: Mapping[str, Any]) -> str:
    """Say in a sentence what to expect of the sound, by means over the directions of tier 1."""
    means = report["summary"][report["tiers"]["1"][0]]

    def beside(name: str, unit: str) -> str:
        value, ceiling = (number(means[name][part], unit) for part in ("value", "ceiling"))
        return f"{value} (real renders: {ceiling})"

    tune = ""
    if "pitch_within_50" in means:
        tune = f"in tune with the truth {beside('pitch_within_50', '%')} of the time; "
    return (
        f"<p>On scores it has not seen: {tune}{beside('onset_f1', '%')} of the onsets shared with "
        f"the source; noise between the partials at {beside('noise_floor_db', 'dB')}.</p>"
        f"{_played_in_short(report['controlled'])}"
    )


def _played_in_short(controlled: Mapping[str, Any]) -> str:
    """Say in a sentence how it is played, by means over the targets of what was made up."""
    if not controlled:
        return ""

    def beside(name: str, unit: str) -> str:
        means = means_over_directions({t: found["figures"] for t, found in controlled.items()})
        value, ceiling = (number(means[name][part], unit) for part in ("value", "ceiling"))
        return f"{value} (real renders: {ceiling})"

    return (
        f"<p>Where the source swells it follows by {beside('swell_slope', '')} of each dB, of a "
        f"vibrato it keeps {beside('vibrato_ratio', '%')}, and where the source rests it lies at "
        f"{beside('rest_dbfs', 'dBFS')}. In stereo, the correlation of left and right is off by "
        f"{beside('stereo_correlation_error', '')}.</p>"
    )


def _tier_title(tier: int) -> str:
    title, about = TIERS[tier]
    return f"<h2>Tier {tier}: {title.lower()}</h2><p>{about}</p>"


def _direction(direction: str, figures: Mapping[str, Any], shown: Sequence[Shown]) -> list[str]:
    parts = [f"<h3>{escape(arrow(direction)).capitalize()}</h3>"]
    return [*parts, *map(_figure, shown), figures_table(figures)]


def _figure(shown: Shown) -> str:
    alt = "spectrograms and loudness"
    picture = f'<img src="{escape(shown.picture)}" alt="{alt}">' if shown.picture else ""
    return (
        f"<figure><figcaption>{escape(shown.title)}</figcaption>{players(shown.sounds)}"
        f"{picture}</figure>"
    )


def _recordings(
    report: Mapping[str, Any], shown: Mapping[tuple[str, str], Sequence[Shown]]
) -> list[str]:
    recordings = report["recordings"]
    if "unavailable" in recordings:
        return [f"<p>Left out: {escape(recordings['unavailable'])}</p>"]
    parts = [
        "<p>There is no paired truth and one clip each, so no interval; ceilings are those of tier "
        "1.</p>"
    ]
    for direction, figures in recordings.items():
        parts += _direction(direction, figures, shown.get(("real player", direction), ()))
    return parts


def _latents(report: Mapping[str, Any], blends: Sequence[Shown]) -> list[str]:
    parts = ["<h2>The latent</h2>"]
    if probe := report["domain_read_off_latents"]:
        parts.append(
            f"<p>A fresh linear classifier names the instrument from the latent in "
            f"<b>{number(probe['value'], '%')}</b> of excerpts ({span(probe['interval'], '%')}; "
            f"chance is {number(probe['floor'], '%')}, and the aim).</p>"
        )
    for found, each in zip(report["blending"], blends, strict=True):
        first, second = map(escape, found["pieces"])
        parts.append(
            f"<h3>Blending two inputs on the {escape(found['target'])}</h3><p>Their latents are "
            "mixed and decoded. Across, the share of the second input; up, the time in tune with "
            f'<span class="first-name">{first}</span> and with <span class="second-name">{second}'
            f"</span>.</p>"
            f"{curves(found['weights'], found['first'], found['second'])}{players(each.sounds)}"
        )
    return parts


def _controlled(controlled: Mapping[str, Any], swells: Sequence[Shown]) -> list[str]:
    if not controlled:
        return []
    return [
        "<h2>Swells, vibrato, rests and places</h2>",
        f"<p>Held-out pieces were made to swell by {SWELL_DB:g} dB, to rest at their loudest and "
        f"to have a vibrato of {VIBRATO_CENTS:g} cents, "
        "or put in stereo: a pair of microphones in a small room, one side half as loud, moving "
        "from left to right, or the same on both sides but for dither. Below each figure its floor "
        "and ceiling: a real render that does not follow, or two players in place of one; a real "
        "render treated alike.</p>",
        controlled_table(controlled),
        "<p>How alike left and right are, going in and coming out (correlation).</p>",
        places_table(controlled),
        *map(_figure, swells),
    ]


def _setting(report: Mapping[str, Any]) -> str:
    sampling, options = report["sampling"], report["options"]
    legend = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in report["legend"].items()
    )
    return (
        f"<h2>How it was done</h2><p>{report['split'].capitalize()} split, {report['scope']} "
        f"scope, {report['seconds_a_domain']:g} s of music a domain and soundfont; "
        f"seed {sampling['seed']}, temperature {sampling['temperature']:g}, "
        f"top-p {sampling['top_p']:g}; channels {options['channels']}, dynamics "
        f"{options['dynamics']:g}, transposed by {options['transpose']}.</p>"
        "<details><summary>What each measure is, by its name in the JSON</summary>"
        f"<dl>{legend}</dl></details>"
    )

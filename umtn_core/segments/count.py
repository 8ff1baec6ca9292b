"""How many segments are fastest: more streams together, but each warms up anew."""

from __future__ import annotations

from collections.abc import Mapping

from umtn_core.segments.plan import Margins

#: A larger number has to be faster by this factor, or cuts are not worth it.
WORTH_IT = 1.1


def best_count(samples: int, signals: int, margins: Margins, rates: Mapping[int, float]) -> int:
    """Choose the number of segments for each of some signals of one length.

    Parameters
    ----------
    samples
        The samples of each signal, at the decoders' rate.
    signals
        The number of signals that are decoded together.
    margins
        The network's margins.
    rates
        Samples a second over all streams, by number of streams; 1 is among them.

    Returns
    -------
    int
    """
    best = 1
    for streams in sorted(rates):
        count = streams // signals
        if not best < count <= margins.most(samples):
            continue
        if seconds(samples, signals, count, margins, rates) * WORTH_IT < seconds(
            samples, signals, best, margins, rates
        ):
            best = count
    return best


def seconds(
    samples: int, signals: int, count: int, margins: Margins, rates: Mapping[int, float]
) -> float:
    """Estimate how long so many segments take."""
    streams = count * signals
    timed = max((each for each in rates if each <= streams), default=1)
    return margins.longest_stream(samples, count) * streams / rates[timed]

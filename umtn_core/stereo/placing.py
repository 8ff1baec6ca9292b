"""How one player's channels become one signal, and how one signal is placed as they were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umtn_core.stage import Stage
from umtn_core.stereo import smoothing
from umtn_core.stereo.covariances import step_of
from umtn_core.stereo.likeness import Delay
from umtn_core.stereo.mixer import mixer
from umtn_core.stereo.placer import placer

Curves = NDArray[np.float32]

#: Shorter delays are not kept: what they make of the correlation is.
_SHORTEST_SECONDS = 0.00015
#: Channels as loud as this, in power, are both loud: the earlier of them leads.
_AS_LOUD = 0.5
#: Channels that correlate by so much are added up; of others, the loudest is heard.
_ADDED_UP = 0.4
#: A channel that correlates by less than this is turned over.
_TURNED_OVER = -0.3
#: A correlation this close to 1 is 1.
_HARDLY = 1e-6
#: The loudest channel gives way to one that is louder for a while by so many decibels, and is
#: gone at so many more.
_GIVES_WAY_DB, _GONE_DB = 6.0, 12.0
#: No channel is louder than the mixed signal by more.
_LOUDEST_GAIN = 8.0


@dataclass(frozen=True, eq=False)
class Placing:
    """Where one player stands.

    Parameters
    ----------
    step
        The samples of a step.
    lead
        The channel that the others are compared with, and that the mixed signal is in time with.
    delays
        The delay of each channel behind the lead, and its sign.
    weights : float32 array (channels, steps)
        How much of each channel is mixed, before its sign.
    gains : float32 array (channels, steps)
        How loud each channel is, the mixed signal being 1.
    alike : float32 array (channels, steps)
        How much each channel, its sign taken off, correlates with the lead.
    """

    step: int
    lead: int
    delays: tuple[Delay, ...]
    weights: Curves
    gains: Curves
    alike: Curves

    @classmethod
    def of(
        cls,
        means: Curves,
        products: Curves,
        delays: Sequence[Delay],
        first: int,
        sample_rate: int,
    ) -> Placing:
        """Find where a player stands.

        Parameters
        ----------
        means, products
            What `umtn_core.stereo.covariances.Covariances` gathers.
        delays
            The delay of each channel behind ``first``, and its sign.
        first
            The channel that delays are counted from.
        sample_rate
            The channels' rate in hertz.
        """
        found = smoothing.covariances(means, products)
        power = np.diagonal(found).T
        whole = power.sum(axis=1)
        loud = np.flatnonzero(whole >= _AS_LOUD * whole.max(initial=0.0))
        lead = int(min(loud, key=lambda channel: (delays[int(channel)].samples, -whole[channel])))
        overall = (found[lead].sum(axis=1) + 1e-300) / (
            np.sqrt(power * power[lead]).sum(axis=1) + 1e-300
        )
        kept = tuple(
            _seen_from(delays, channel, lead, float(overall[channel]), sample_rate)
            for channel in range(len(power))
        )
        signs = np.array([each.sign for each in kept], np.float64)
        alike = smoothing.likeness(found, lead) * signs[:, None]
        alike[1.0 - alike < _HARDLY] = 1.0
        alike[lead] = 1.0
        sounding = whole > 0
        late = any(each.samples for each in kept)
        if not late and (overall * signs >= _ADDED_UP)[sounding].all():
            weights = np.sqrt(
                power / np.maximum(power.sum(axis=0) * max(1, sounding.sum()), 1e-300)
            )
        else:
            weights = _loudest(power, lead)
        mixed = _mixed_power(found, weights, signs, late)
        gains = np.sqrt(power / np.maximum(mixed, 1e-300))
        curves = (weights, np.minimum(gains, _LOUDEST_GAIN), alike)
        return cls(step_of(sample_rate), lead, kept, *(each.astype(np.float32) for each in curves))

    def mixer(self) -> Stage:
        """Give a stage that mixes: float32 (channels, n) -> (n',), in time with the lead."""
        signs = np.array([each.sign for each in self.delays], np.float32)
        return mixer(self.weights * signs[:, None], [d.samples for d in self.delays], self.step)

    def placer(self, sample_rate: int) -> Stage:
        """Give a stage that places a mono signal: float32 (n,) -> (channels, n').

        Parameters
        ----------
        sample_rate
            The signal's rate in hertz, which is the recording's.
        """
        return placer(self.gains, self.alike, self.delays, self.lead, self.step, sample_rate)


def _seen_from(
    delays: Sequence[Delay], channel: int, lead: int, alike: float, sample_rate: int
) -> Delay:
    """Tell by how much a channel is later than the lead."""
    samples = delays[channel].samples - delays[lead].samples
    if abs(samples) < _SHORTEST_SECONDS * sample_rate:
        return Delay(0, -1 if alike < _TURNED_OVER else 1, abs(alike))
    # Of the two, the one that delays are counted from has no agreement of its own.
    agreements = [d.agreement for d in (delays[channel], delays[lead]) if d.agreement]
    return Delay(samples, delays[channel].sign * delays[lead].sign, min(agreements))


def _loudest(power: NDArray[np.float64], lead: int) -> NDArray[np.float64]:
    """Weigh channels so that the lead is heard, unless another is louder by far for a while."""
    others = np.where(np.arange(len(power))[:, None] == lead, 0.0, power)
    loudest = others.argmax(axis=0)
    above = 10 * np.log10((others.max(axis=0) + 1e-300) / (power[lead] + 1e-300))
    share = np.clip((above - _GIVES_WAY_DB) / (_GONE_DB - _GIVES_WAY_DB), 0.0, 1.0)
    weights = np.zeros_like(power)
    weights[loudest, np.arange(power.shape[1])] = share
    weights[lead] = 1.0 - share
    return weights


def _mixed_power(
    found: NDArray[np.float64],
    weights: NDArray[np.float64],
    signs: NDArray[np.float64],
    late: bool,
) -> NDArray[np.float64]:
    """Tell how loud the mixed signal is, in power: float (steps,)."""
    if late:
        # Once in time with each other, they add up.
        return (weights * np.sqrt(np.diagonal(found).T)).sum(axis=0) ** 2
    signed = weights * signs[:, None]
    return np.einsum("at,abt,bt->t", signed, found, signed)

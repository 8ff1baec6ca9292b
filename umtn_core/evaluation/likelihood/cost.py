"""What mu-law codes cost in nats a sample, under a network or a simple density.

The densities here are the yardsticks of `umtn_core.evaluation.likelihood.linear_prediction`: both
they and a network give a probability to each of the 256 codes, given the past alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umtn_core.companding import LEVELS, MU, Companding

Codes = NDArray[np.integer]

#: Share of probability spread evenly over all codes, so that no surprise costs without end.
UNIFORM_SHARE = 0.002

# Ways to follow the size of the prediction error: memory of the running mean, its
# multiple, and what is added so that silence does not make the density infinitely narrow.
_MEMORIES = (0.85, 0.95)
_MULTIPLES = (0.3, 0.4, 0.5, 0.65, 0.85, 1.1)
_FLOORS = (1e-4, 4e-4, 1.2e-3)


class Scale(NamedTuple):
    """How a logistic density's width follows the errors of the past."""

    memory: float
    multiple: float
    floor: float


def network_nats(logits: ArrayLike, codes: ArrayLike, scored: ArrayLike | None = None) -> float:
    """Mean cost of codes under the logits that a network gave for them.

    Parameters
    ----------
    logits
        The network's logits: float array (..., 256).
    codes
        The codes that came, 0 to 255: integer array (...,).
    scored
        Which samples count: bool array (...,). All of them by default.

    Returns
    -------
    float, nats a sample

    Raises
    ------
    ValueError
        If the shapes do not fit, or no sample counts.
    """
    scores = np.asarray(logits, np.float64)
    targets = np.asarray(codes, np.int64)
    if scores.shape != (*targets.shape, LEVELS):
        raise ValueError(f"logits {scores.shape} do not fit codes {targets.shape}")
    top = scores.max(axis=-1)
    total = top + np.log(np.exp(scores - top[..., None]).sum(axis=-1))
    cost = total - np.take_along_axis(scores, targets[..., None], axis=-1)[..., 0]
    if scored is not None:
        cost = cost[np.asarray(scored, bool)]
    if not cost.size:
        raise ValueError("no sample to score")
    return float(cost.mean())


def unigram_nats(codes: Codes) -> float:
    """Entropy of the codes' own histogram: what ignoring the past costs at best."""
    counts = np.bincount(np.asarray(codes).ravel(), minlength=LEVELS).astype(np.float64)
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())


def best_scale(
    samples: NDArray[np.float64], prediction: NDArray[np.float64], codes: Codes, law: Companding
) -> Scale:
    """Scale-following that makes these codes cheapest.

    Chosen on some audio and used on other audio; three numbers hardly overfit anyway.
    """
    options = [Scale(a, k, f) for a in _MEMORIES for k in _MULTIPLES for f in _FLOORS]
    return min(options, key=lambda s: logistic_nats(samples, prediction, codes, law, s).mean())


def logistic_nats(
    samples: NDArray[np.float64],
    prediction: NDArray[np.float64],
    codes: Codes,
    law: Companding,
    scale: Scale,
) -> NDArray[np.float64]:
    """Cost of each code under a logistic density around a prediction.

    The density is integrated over each code's bin, and its width is a running mean of
    the *earlier* errors, so the cost is one that a decoder could really have paid.

    Parameters
    ----------
    samples
        What the codes expand to: float64 array (samples,).
    prediction
        Each sample as foretold from those before it: float64 array (samples,).
    codes
        The codes that came: integer array (samples,).
    law
        The quantiser that made the codes.
    scale
        How the width follows the errors.

    Returns
    -------
    float64 array (samples,), nats
    """
    from scipy.signal import lfilter

    error = np.abs(samples - prediction)
    # The delay of one sample keeps the present error out of the present width.
    mean = lfilter([0.0, 1.0 - scale.memory], [1.0, -scale.memory], error)
    width = scale.multiple * mean + scale.floor
    edges = bin_edges(law)
    above = (edges[codes + 1] - prediction) / width
    below = (edges[codes] - prediction) / width
    # On the right-hand side both tails are near 1: mirror them, or the difference is lost.
    flip = below > 0
    above, below = np.where(flip, -below, above), np.where(flip, -above, below)
    inside = _logistic(above) - _logistic(below)
    mixed = (1.0 - UNIFORM_SHARE) * inside + UNIFORM_SHARE / LEVELS
    return -np.log(mixed)


def bin_edges(law: Companding) -> NDArray[np.float64]:
    """Bounds of the bins: float64 (257,), code ``c`` from edge ``c`` to edge ``c + 1``."""
    offset = 0.5 if law.convention == "rounded" else 0.0
    compressed = (np.arange(LEVELS + 1) - offset) / MU * 2.0 - 1.0
    edges = np.sign(compressed) * (float(LEVELS) ** np.abs(compressed) - 1.0) / MU
    edges[0], edges[-1] = -np.inf, np.inf
    return edges


def _logistic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1.0 / (1.0 + np.exp(-np.clip(values, -500.0, 500.0)))

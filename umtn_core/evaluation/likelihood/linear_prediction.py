"""Linear prediction of mu-law audio: the yardstick a network must beat.

A predictor of order 32 knows the spectral envelope and, for high notes, some of the
pitch, but no music. In nats a sample under a fair density (`umtn_core.evaluation.likelihood.cost`)
it stands beside a network's teacher-forced cost on the same audio.

SciPy solves the equations; they are set up here, since librosa's ``lpc``, which this is compared
with in the tests, fits one predictor to one recording, where the fixed predictor is fitted to many
recordings and the adaptive one thousands of times to each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umtn_core.companding import Companding
from umtn_core.evaluation.likelihood.cost import Codes, best_scale, logistic_nats, unigram_nats

ORDER = 32
#: Samples between updates of the adaptive predictor, and the past each one is fitted to: 20 and
#: 60 ms at 16 kHz, and as many samples of bands, whose rates are lower.
UPDATE = 320
PAST = 960


@dataclass(frozen=True)
class LinearPredictionNats:
    """Cost of some audio in nats a sample.

    Parameters
    ----------
    unigram
        The cost under a density that ignores the past.
    fixed
        The cost under one predictor fitted to other audio of the same kind.
    adaptive
        The cost under a predictor fitted again every 20 ms to the 60 ms before.
    samples
        The number of samples that the costs are means of.
    """

    unigram: float
    fixed: float
    adaptive: float
    samples: int

    @classmethod
    def over_bands(cls, each: Sequence[LinearPredictionNats]) -> LinearPredictionNats:
        """Take the mean over bands of one length, and count the samples of them all."""
        return cls(
            unigram=float(np.mean([nats.unigram for nats in each])),
            fixed=float(np.mean([nats.fixed for nats in each])),
            adaptive=float(np.mean([nats.adaptive for nats in each])),
            samples=sum(nats.samples for nats in each),
        )


def linear_prediction_nats(
    judged: Sequence[Codes],
    fitted: Sequence[Codes],
    law: Companding | None = None,
    *,
    unscored: int = 0,
    bands: int = 1,
) -> LinearPredictionNats:
    """Cost of codes under linear prediction of order 32.

    Parameters
    ----------
    judged
        The codes that the cost is of: integer arrays (samples,), one a file.
    fitted
        Codes of other audio (the training split): what the fixed predictor, and both
        predictors' error scales, are fitted to. One or two minutes are plenty.
    law
        The quantiser that made the codes; by default `Companding()`.
    unscored
        Samples at the start of each judged file that are heard but do not count.
    bands
        The number of bands that the codes are of, those of a step together: each is foretold from
        its own past, and the cost is the mean over them.

    Raises
    ------
    ValueError
        If no sample is left in either.
    """
    law = law or Companding()
    return LinearPredictionNats.over_bands(
        [
            _one_row_nats(
                [codes[band::bands] for codes in judged],
                [codes[band::bands] for codes in fitted],
                law,
                unscored // bands,
            )
            for band in range(bands)
        ]
    )


@dataclass(frozen=True)
class _Foretold:
    """Files end to end, with what each predictor made of them: all arrays (samples,)."""

    codes: NDArray[np.int64]
    samples: NDArray[np.float64]
    fixed: NDArray[np.float64]
    adaptive: NDArray[np.float64]

    @classmethod
    def of(
        cls, files: Sequence[Codes], law: Companding, coefficients: NDArray[np.float64]
    ) -> _Foretold:
        """Foretell each file on its own, by given coefficients and by adapting."""
        samples = [_expanded(codes, law) for codes in files]
        return cls(
            np.concatenate(files).astype(np.int64),
            np.concatenate(samples),
            np.concatenate([predict(each, coefficients) for each in samples]),
            np.concatenate([predict_adaptively(each) for each in samples]),
        )


def _one_row_nats(
    judged: Sequence[Codes], fitted: Sequence[Codes], law: Companding, unscored: int
) -> LinearPredictionNats:
    """Cost of codes that stand one behind the other in time."""
    scored = [np.arange(len(codes)) >= unscored for codes in judged]
    if not any(mask.any() for mask in scored) or not sum(map(len, fitted)):
        raise ValueError("linear prediction needs audio to fit and audio to judge")
    coefficients = fit([_expanded(codes, law) for codes in fitted])
    learned = _Foretold.of(fitted, law, coefficients)
    heard = _Foretold.of(judged, law, coefficients)
    mask = np.concatenate(scored)

    def cost(learned_guess: NDArray[np.float64], guess: NDArray[np.float64]) -> float:
        scale = best_scale(learned.samples, learned_guess, learned.codes, law)
        return float(logistic_nats(heard.samples, guess, heard.codes, law, scale)[mask].mean())

    return LinearPredictionNats(
        unigram=unigram_nats(heard.codes[mask]),
        fixed=cost(learned.fixed, heard.fixed),
        adaptive=cost(learned.adaptive, heard.adaptive),
        samples=int(mask.sum()),
    )


def _expanded(codes: Codes, law: Companding) -> NDArray[np.float64]:
    return law.levels.astype(np.float64)[codes]


def fit(files: Sequence[NDArray[np.float64]], order: int = ORDER) -> NDArray[np.float64]:
    """Fit one predictor to audio by the autocorrelation method.

    Parameters
    ----------
    files
        The audio, one array a file: float64 (samples,).
    order
        The number of past samples that a prediction uses.

    Returns
    -------
    float64 array (order,), oldest sample first
    """
    total = np.zeros(order + 1)
    for samples in files:
        total += _autocorrelation(samples[None], order)[0]
    return _solve(total[None])[0]


def predict(samples: NDArray[np.float64], coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
    """Foretell every sample, shape (samples,), from those before it and silence before those."""
    padded = np.concatenate([np.zeros(len(coefficients)), samples[:-1]])
    return np.convolve(padded, coefficients[::-1], mode="valid")


def predict_adaptively(
    samples: NDArray[np.float64], order: int = ORDER, update: int = UPDATE, past: int = PAST
) -> NDArray[np.float64]:
    """Foretell every sample with a predictor fitted only to what came before it.

    Parameters
    ----------
    samples
        The audio: float64 array (samples,).
    order
        The number of past samples that a prediction uses.
    update
        The number of samples from one fit to the next.
    past
        The number of samples each fit sees; the newest weigh most.

    Returns
    -------
    float64 array (samples,)
    """
    count = -(-len(samples) // update)
    padded = np.concatenate([np.zeros(past), samples, np.zeros(count * update - len(samples))])
    # Rising, so that the newest samples count, with a short fall against the hard end.
    taper = np.sin(np.linspace(0.0, np.pi / 2, past)) * np.minimum(
        1.0, np.linspace(past / order, 0.5 / order, past)
    )
    seen = np.lib.stride_tricks.sliding_window_view(padded, past)[: count * update : update]
    coefficients = _solve(_autocorrelation(seen * taper, order))
    contexts = np.lib.stride_tricks.sliding_window_view(padded[past - order :], order)
    contexts = contexts[: count * update].reshape(count, update, order)
    return np.einsum("nuo,no->nu", contexts, coefficients).reshape(-1)[: len(samples)]


def _autocorrelation(rows: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    size = 1 << (rows.shape[1] + order).bit_length()
    power = np.abs(np.fft.rfft(rows, size)) ** 2
    return np.fft.irfft(power, size)[:, : order + 1]


def _solve(autocorrelation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Predictors (rows, order), oldest sample first, of autocorrelations (rows, order + 1)."""
    from scipy.linalg import solve_toeplitz

    columns = autocorrelation[:, :-1].copy()
    # The quantiser's noise keeps the equations solvable; silence needs the constant.
    columns[:, 0] += 1e-5 * columns[:, 0] + 1e-9
    solved = [solve_toeplitz(*row) for row in zip(columns, autocorrelation[:, 1:], strict=True)]
    return np.array(solved, np.float64).reshape(columns.shape)[:, ::-1]

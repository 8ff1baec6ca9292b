"""A decoder's teacher-forced cost beside what linear prediction pays for the same samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.evaluation.likelihood.linear_prediction import linear_prediction_nats
from umtn_core.evaluation.likelihood.teacher_forcing import excerpt_codes, teacher_forced_nats


def likelihood_figures(
    bundle: Bundle,
    domain: str,
    judged: Sequence[NDArray[np.float32]],
    fitted: Sequence[NDArray[np.float32]],
) -> dict[str, Any]:
    """Nats a sample of one domain's audio, all of the very same samples.

    Parameters
    ----------
    bundle, domain
        The model, and the domain whose decoder is judged.
    judged
        Excerpts of one length, float32 (samples,), at the decoders' rate; the first samples of
        each, as many as the decoder's receptive field, are heard and not scored.
    fitted
        Excerpts of the training split, for the linear predictors.
    """
    unscored = bundle.shape.receptive_field
    linear = linear_prediction_nats(
        [excerpt_codes(bundle, domain, audio) for audio in judged],
        [excerpt_codes(bundle, domain, audio) for audio in fitted],
        bundle.coding(domain).companding,
        unscored=unscored,
        bands=bundle.shape.bands,
    )
    network = teacher_forced_nats(bundle, domain, judged, unscored=unscored)
    return {
        "network": round(network, 4),
        "linear_prediction_adaptive": round(linear.adaptive, 4),
        "linear_prediction_fixed": round(linear.fixed, 4),
        "unigram": round(linear.unigram, 4),
        "samples": linear.samples,
    }

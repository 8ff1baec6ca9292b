"""How much of the domain is left in the latent (paper, Section 3: it should be little)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.encode.onnx_encoder import OnnxEncoder
from umtn_core.errors import UmtnError
from umtn_core.evaluation.measures.share import Share

Excerpts = Mapping[str, Sequence[NDArray[np.float32]]]


def latent_probe(bundle: Bundle, fitted: Excerpts, judged: Excerpts) -> Share:
    """Share of excerpts whose domain a linear classifier reads off their latents.

    A new classifier is fitted to the finished encoder, on means and spreads over time. The
    adversary of training may have given up; this one has not, and the encoder cannot have
    adapted to it. Chance is one in the number of domains.

    Parameters
    ----------
    bundle
        The model whose latents are read.
    fitted, judged
        Excerpts of the training split and of a held-out one: for each domain, float32 arrays
        (samples,) at the network's rate, full scale 1.

    Returns
    -------
    Share over the judged excerpts, every domain weighing the same

    Raises
    ------
    UmtnError
        If scikit-learn is not installed.
    """
    try:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
    except ImportError:
        raise UmtnError(
            "The latent probe needs scikit-learn: run `pip install 'umtn[evaluate]'`."
        ) from None
    encoder = OnnxEncoder(bundle, threads=1)

    def rows(excerpts: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
        latents = [encoder.encode(audio).astype(np.float64) for audio in excerpts]
        return np.array([np.concatenate([z.mean(axis=1), z.std(axis=1)]) for z in latents])

    table = np.concatenate([rows(excerpts) for excerpts in fitted.values()])
    names = [domain for domain, excerpts in fitted.items() for _ in excerpts]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    model.fit(table, names)
    right = [
        (model.predict(rows(group)) == domain) / len(group) for domain, group in judged.items()
    ]
    shares = [1.0 / len(group) for group in judged.values() for _ in group]
    return Share(np.concatenate(right), np.array(shares))

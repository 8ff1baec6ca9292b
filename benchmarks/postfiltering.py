"""What a post-filter costs of a translation: python benchmarks/postfiltering.py [MODEL TARGET].

Without a model, one with random weights of the preset wideband translates, whose speed does not
depend on them. Both take turns, on one thread and in time of its own on a core, since other
programs may want the processor; the best of each counts.
"""

from __future__ import annotations

import sys
import time

import msgspec
import numpy as np
import torch

from benchmarks.decoding import random_bundle
from export.export import postfilter_graphs
from umtn_core.bundle import Bundle, PrecisionLoss, Precisions
from umtn_core.networks.postfilter import PostfilterNetwork
from umtn_core.postfilter import Postfilter
from umtn_core.postfilter_shape import PostfilterShape
from umtn_core.shape import PRESETS
from umtn_core.translation import Source
from umtn_core.translator import Translator

#: Seconds of audio that are translated, and turns.
SECONDS, TURNS = 10.0, 3


def main() -> None:
    """Print the times of a second of audio, and their ratio."""
    torch.set_num_threads(1)
    model = Bundle.open(sys.argv[1]) if len(sys.argv) > 1 else _random()
    target = sys.argv[2] if len(sys.argv) > 2 else model.domains[0]
    translator = Translator(model, target, engine="cpu-int8", segments=8, threads=1)
    rate = model.shape.output_rate
    graph, shape = model.postfilter(target) or _untrained(rate)
    audio = np.random.default_rng(0).normal(0, 0.1, round(SECONDS * rate)).astype(np.float32)
    postfilter = Postfilter(graph, shape, threads=1)
    best = {"translating": np.inf, "filtering": np.inf}
    for _ in range(TURNS):
        for what, work in (
            ("translating", lambda: translator.begin([Source(audio, rate)]).advance()),
            ("filtering", lambda: postfilter(audio)),
        ):
            began = time.process_time()
            work()
            best[what] = min(best[what], (time.process_time() - began) / SECONDS)
    for what, seconds in best.items():
        print(f"{what:12s} {1e3 * seconds:8.1f} ms of a core for a second of audio")
    print(f"ratio        {100 * best['filtering'] / best['translating']:8.1f} %")
    cost = shape.multiply_adds * rate / shape.hop / 1e9
    print(f"work         {cost:8.2f} G multiply-adds a second of audio")


def _random() -> Bundle:
    """A model of the preset wideband, which may be decoded in int8."""
    bundle = random_bundle(PRESETS["wideband"])
    nothing = Precisions("none", 1, {"int8": {"any": PrecisionLoss(0.0, 0.0)}})
    bundle.manifest = msgspec.structs.replace(bundle.manifest, precisions=nothing)
    return bundle


def _untrained(rate: int) -> tuple[bytes, PostfilterShape]:
    """A post-filter with the weights that training begins with."""
    network = PostfilterNetwork(PostfilterShape.at_rate(rate))
    (graph,) = postfilter_graphs({"any": network}).values()
    return graph, network.shape


if __name__ == "__main__":
    main()

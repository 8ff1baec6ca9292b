"""Whether a bundle's graphs do what the PyTorch network does, on real audio.

What is compared is what users run: the graphs on ONNX Runtime, driven by the run time's
own code, ring buffers and all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from umtn_core.audio.level import to_reference
from umtn_core.audio.loudness import loudness
from umtn_core.audio.resample import resample
from umtn_core.bundle import Bundle
from umtn_core.companding import NOTHING_YET, Companding
from umtn_core.decode.onnx.onnx_engine import OnnxEngine
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import RingLayout
from umtn_core.encode.latent_encoder import heard
from umtn_core.encode.onnx_encoder import OnnxEncoder
from umtn_core.errors import UmtnError
from umtn_core.networks import UniversalMusicTranslationNetwork
from umtn_core.networks.postfilter import PostfilterNetwork
from umtn_core.postfilter import Postfilter, frames_of, magnitudes_of

#: Teacher-forced steps compared.
STEPS = 2_000
#: Seconds of audio encoded, at most.
SECONDS = 10.0
#: Largest relative error that an export may have in fp32.
LIMIT = 1e-4


@dataclass(frozen=True)
class Parity:
    """Largest differences, relative to the largest value that PyTorch gives.

    Attributes
    ----------
    seconds : float
        The seconds of audio that were encoded.
    encoder : float
        The difference of the latents.
    decoders : dict of str to float
        The difference of the logits, by domain.
    postfilters : dict of str to float
        The difference of the post-filters' masks, by domain.
    """

    seconds: float
    encoder: float
    decoders: dict[str, float]
    postfilters: dict[str, float] = field(default_factory=dict)

    @property
    def worst(self) -> float:
        """The largest of all; NaN if any is."""
        return float(np.max([self.encoder, *self.decoders.values(), *self.postfilters.values()]))

    def figures(self) -> dict[str, Any]:
        """Give what the manifest says."""
        postfilters = {"postfilters": self.postfilters} if self.postfilters else {}
        return {
            "measure": "largest absolute difference from PyTorch / largest absolute value",
            "precision": "fp32",
            "seconds_encoded": round(self.seconds, 3),
            "steps": STEPS,
            "encoder": self.encoder,
            "decoders": self.decoders,
            **postfilters,
            "torch": str(torch.__version__),
            "onnxruntime": onnxruntime.__version__,
        }


def measure(
    network: UniversalMusicTranslationNetwork,
    bundle: Bundle,
    audio: NDArray[np.float32],
    sample_rate: int,
    postfilters: Mapping[str, PostfilterNetwork] | None = None,
) -> Parity:
    """Compare a bundle with the network it was made from.

    Parameters
    ----------
    network
        The network, in evaluation mode, in fp32, on the CPU.
    bundle
        The bundle that was made from it.
    audio : float32 array (channels, samples)
        Real music, long enough for 2,000 steps.
    sample_rate
        The sample rate in hertz.
    postfilters
        What the bundle's post-filters were made from, by domain.

    Returns
    -------
    Parity

    Raises
    ------
    UmtnError
        If the audio is too short or silent.
    """
    shape = bundle.shape
    rate, hop = shape.output_rate, shape.output_hop
    mono = resample(audio.mean(axis=0, dtype=np.float32), sample_rate, rate)
    frames_needed = -(-STEPS // shape.steps_per_frame)
    if len(mono) < frames_needed * hop or loudness(mono, rate) == -np.inf:
        raise UmtnError(
            f"The audio for the parity check must be music of at least "
            f"{frames_needed * hop / rate:.2f} seconds."
        )
    frames = min(len(mono), round(SECONDS * rate)) // hop
    first = _loudest(mono, frames, hop)
    mono = mono[first * hop : (first + frames) * hop]
    mono = to_reference(mono, rate, bundle.manifest.reference_loudness)
    source = resample(mono, rate, shape.sample_rate, frames * shape.hop)

    latents = OnnxEncoder(bundle).encode(source)
    with torch.inference_mode():
        codes = Companding(shape.companding).encode(source)
        inputs = torch.from_numpy(heard(codes, len(codes)))[None, None]
        expected = network.encoder(inputs)[0].numpy()
    encoder_error = _relative(latents, expected)

    begin = _loudest(mono, frames_needed, hop)
    part = latents[:, begin : begin + frames_needed]
    compared = STEPS * shape.bands
    decoders = {}
    for domain in bundle.domains:
        past = bundle.coding(domain).encode(mono)[begin * hop :][: frames_needed * hop]
        decoders[domain] = _relative(
            _stepped(bundle, domain, past, part)[:compared],
            _scored(network, domain, past, part)[:compared],
        )
    masks = {d: _masks(bundle, d, each, mono) for d, each in (postfilters or {}).items()}
    return Parity(len(mono) / rate, encoder_error, decoders, masks)


def _masks(
    bundle: Bundle, domain: str, network: PostfilterNetwork, audio: NDArray[np.float32]
) -> float:
    """Difference of a post-filter's masks of audio at the decoders' rate."""
    found = bundle.postfilter(domain)
    assert found is not None
    graph, shape = found
    frames = frames_of(audio, shape, 0, len(audio) // shape.hop)
    magnitudes = magnitudes_of(frames[:, : shape.bins], shape)
    with torch.inference_mode():
        expected = network(torch.from_numpy(magnitudes)[None])[0].numpy()
    return _relative(Postfilter(graph, shape, threads=1).mask(magnitudes), expected)


def _stepped(
    bundle: Bundle, domain: str, codes: NDArray[np.uint8], latents: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Logits of every code by the run time's engine: (codes, 256)."""
    shape = bundle.shape
    engine = OnnxEngine(bundle, domain, threads=1)
    conditioning = engine.condition(latents)
    stepper = engine.stepper(1, Sampling())
    empty = np.zeros((RingLayout.of(shape).rows, shape.residual_channels), np.float32)
    stepper.load(0, np.full((1, shape.input_codes), NOTHING_YET), [empty])
    by_frame = codes.reshape(-1, 1, shape.output_hop)
    scored = [
        stepper.score(condition[None], given)[0]
        for condition, given in zip(conditioning, by_frame, strict=True)
    ]
    return np.concatenate(scored)


def _scored(
    network: UniversalMusicTranslationNetwork,
    domain: str,
    codes: NDArray[np.uint8],
    latents: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Logits of every code by PyTorch: (codes, 256)."""
    with torch.inference_mode():
        logits = network.decoders[domain](
            torch.from_numpy(codes.astype(np.int64))[None], torch.from_numpy(latents)[None]
        )
    return logits[0].numpy()


def _loudest(audio: NDArray[np.float32], frames: int, hop: int) -> int:
    """First of so many neighbouring frames that hold the most energy."""
    energies = np.square(audio[: len(audio) // hop * hop], dtype=np.float64)
    energies = energies.reshape(-1, hop).sum(axis=1)
    return int(np.argmax(np.convolve(energies, np.ones(frames), "valid")))


def _relative(actual: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    return float(np.abs(actual - expected).max() / np.abs(expected).max())

"""Samples a second of a training step, beside the same step written plainly.

Usage: python -m benchmarks.training [--presets small,paper,released] [--threads 2]

Both train two domains on the same segments. The plain step is `benchmarks/plain_step.py`: float32
convolutions over (batch, channels, time), one domain after the other, and an optimiser that goes
from tensor to tensor. Ours is what `umtn train` does in ``bf16-mixed``; its row in float32 says
what of the gain is the precision's. Rounds alternate, and the median of each is taken.

The last column is the share of the peak: of a GPU's in bfloat16, where that is known; of the
processor's in the row's own precision, as our decode kernels measure it beside the rows.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import msgspec
import torch
from torch import Tensor, nn

from benchmarks.plain_step import plain_objective
from umtn_core.decode.cpu.cpu_engine import Precision, measured_peak
from umtn_core.native.library import is_available
from umtn_core.shape import PRESETS, NetworkShape
from umtn_core.training.module import TrainingModule
from umtn_core.training.segments import TrainingSegment
from umtn_core.training.settings import Settings

DOMAINS = ("clarinet", "trumpet")
LAMBDA = 0.1
#: Dense bfloat16 products a second of GPUs, by a part of their name, in 10^12 operations.
PEAKS = {"H100": 989e12, "H200": 989e12, "A100": 312e12, "L4": 121e12, "4090": 165e12}


def main() -> None:
    """Print one row a preset and kind of step."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--presets", default="small,paper,released")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, help="segments a domain [2; 1 for large presets]")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"{options.device}, {options.threads} threads, two domains")
    print(f"{'preset':10}{'step':14}{'samples/s':>12}{'ratio':>8}{'TFLOP/s':>10}")
    for preset in options.presets.split(","):
        compare(preset, options)


def compare(preset: str, options: argparse.Namespace) -> None:
    """Time all kinds of step on one preset."""
    shape = PRESETS[preset]
    batch = options.batch or (2 if preset == "small" else 1)
    segment = random_segment(shape, batch, frames=8 if preset == "small" else 4)
    segment = TrainingSegment(*(part.to(options.device) for part in segment))
    steps = {
        "plain": plain_step(preset, segment, options.device),
        "ours, float32": our_step(preset, segment, options.device, mixed=False),
        "ours": our_step(preset, segment, options.device, mixed=True),
    }
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(options.rounds + 1):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            if options.device == "cuda":
                torch.cuda.synchronize()
            if number:
                seconds[name].append(time.perf_counter() - start)
    samples = segment.target.numel()
    work = 2 * 3 * multiply_adds(shape) * segment.heard.numel()
    times = {name: statistics.median(measured) for name, measured in seconds.items()}
    for name, taken in times.items():
        row = f"{preset:10}{name:14}{samples / taken:12,.0f}{times['plain'] / taken:8.2f}"
        print(f"{row}{work / taken / 1e12:10.3f}{share_of_peak(work / taken, name, options)}")


def random_segment(
    shape: NetworkShape,
    batch: int,
    frames: int,
    domains: int = len(DOMAINS),
    context: int = 0,
    spectrum: int = 0,
) -> TrainingSegment:
    """Noise in the form of a batch: what is learned from it does not matter here.

    Parameters
    ----------
    shape
        The network's.
    batch, frames, domains
        Segments a domain, frames of each, and domains.
    context
        Frames that are heard before and after.
    spectrum
        Bands of the spectral aid, if there is one.
    """
    random = torch.Generator().manual_seed(0)
    samples, bands = frames * shape.output_hop, shape.bands
    codes = torch.randint(0, 256, (batch, domains, samples + bands), generator=random)
    scored = torch.ones(batch, domains, samples, dtype=torch.bool)
    heard = torch.rand(batch, domains, 1, (frames + 2 * context) * shape.hop, generator=random)
    return TrainingSegment(
        heard - 0.5, codes[..., :-bands].short(), codes[..., bands:].to(torch.uint8), scored,
        torch.zeros(batch, domains, spectrum, frames),
    )  # fmt: skip


def our_step(preset: str, segment: TrainingSegment, device: str, mixed: bool) -> Callable[[], None]:
    """Make a step of `umtn train`, without Lightning around it."""
    module = fresh_module(preset, device)
    optimisers = module.configure_optimizers()

    def step() -> None:
        for optimiser in optimisers:
            optimiser.zero_grad()
        with torch.autocast(device, torch.bfloat16, mixed):
            found = module(segment)
            total: Tensor = module.total(found) + found.classification
        total.backward()
        for group in optimisers[0].param_groups:
            nn.utils.clip_grad_norm_(group["params"], 1.0)
        for optimiser in optimisers:
            optimiser.step()

    return step


def plain_step(preset: str, segment: TrainingSegment, device: str) -> Callable[[], None]:
    """Make the same step, written plainly."""
    module = fresh_module(preset, device)
    weights = [p for p in module.network.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(weights, foreach=False, fused=False)

    def step() -> None:
        optimiser.zero_grad()
        plain_objective(module.network, segment, 0, LAMBDA).backward()
        nn.utils.clip_grad_norm_(weights, 1.0, foreach=False)
        optimiser.step()

    return step


def fresh_module(preset: str, device: str) -> TrainingModule:
    """Build a training module with first weights."""
    torch.manual_seed(0)
    settings = Settings(store="", output="", preset=preset, adversarial_weight=LAMBDA)
    return TrainingModule(msgspec.to_builtins(settings), DOMAINS).to(device)


def multiply_adds(shape: NetworkShape) -> float:
    """Multiply-adds of a forward pass through encoder and decoder, for one sample heard."""
    c = shape.encoder_channels
    layers = len(shape.encoder_dilations) * c * c * (shape.encoder_kernel + 1)
    encoder = layers + c * shape.first_kernel + c * shape.latent_channels
    decoder = shape.multiply_adds * shape.steps_per_frame / shape.hop
    return encoder / shape.encoder_stride + decoder


def share_of_peak(rate: float, step: str, options: argparse.Namespace) -> str:
    """What part of the peak a rate is, as the end of a row."""
    if options.device == "cuda":
        name = torch.cuda.get_device_name()
        known = [peak for part, peak in PEAKS.items() if part in name]
        return f"  {rate / known[0]:.1%} of {name}" if known else f"  {name}: peak not known"
    if not is_available():
        return ""
    precision: Precision = "bf16" if step == "ours" else "fp32"
    peak = 2 * measured_peak(precision) * options.threads
    return f"  {rate / peak:.1%} of {peak / 1e12:.2f} TFLOP/s in {precision}"


if __name__ == "__main__":
    main()

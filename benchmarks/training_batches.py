"""Which batch fits a device: time of a step by segments a domain in it.

Usage: python -m benchmarks.training_batches [--batches 1,2,4,8,16,32] [--compile] [--domains 4]

A step of the default preset's recipe as `umtn train` takes it, optimisers included, without
loaders and Lightning around it: on CUDA recorded as a graph, elsewhere as it is. ``--compile`` adds
a row a batch for the step that is compiled first. Batches are noise.

The last line names the smallest batch from which on the time a segment no longer falls: that is
within a tenth of the least there is, of the rows that are fastest. The line before says what to
add to `umtn train` for it.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Mapping

import msgspec
import torch
from torch import Tensor, nn

from benchmarks.training import random_segment
from umtn_core.training.captured import CapturedStep, Graph
from umtn_core.training.module import TrainingModule
from umtn_core.training.objective import Losses
from umtn_core.training.segments import TrainingSegment
from umtn_core.training.settings import Settings, rate_factor, with_recipe

#: A segment may take so much longer than at the best batch.
NEAR = 1.1


def main() -> None:
    """Print one row a batch, and the batch that fits."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--preset", default="wideband")
    parser.add_argument("--batches", default="1,2,4,8,16,32")
    parser.add_argument("--domains", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    name = torch.cuda.get_device_name() if options.device == "cuda" else options.device
    print(f"{name}, {options.preset}, {options.domains} domains, bfloat16")
    print(f"{'batch':>6}{'step':>12}{'ms':>10}{'x real time':>14}{'ms a segment':>14}{'GB':>8}")
    found: dict[int, float] = {}
    for batch in map(int, options.batches.split(",")):
        for compiled in (False, True)[: 1 + options.compile]:
            try:
                seconds = time_of_a_step(batch, compiled, options)
            except torch.OutOfMemoryError:
                print(f"{batch:6} does not fit the memory")
                break
            found[batch] = min(found.get(batch, float("inf")), seconds)
    if not found:
        raise SystemExit("No batch fits this device: name smaller ones by --batches.")
    batch, factor = fitting(found), rate_factor(fitting(found))
    rates = with_recipe({"store": "", "output": "", "preset": options.preset}).optimiser
    print(
        f"--set batch={batch} --set optimiser.encoder_rate={rates.encoder_rate * factor:.2g} "
        f"--set optimiser.decoder_rate={rates.decoder_rate * factor:.2g}"
    )
    print(f"batch={batch}")


def time_of_a_step(batch: int, compiled: bool, options: argparse.Namespace) -> float:
    """Time steps of a batch, and print a row.

    Parameters
    ----------
    batch
        Segments a domain.
    compiled
        Whether they are compiled.
    options
        Preset, domains, device and rounds.

    Returns
    -------
    float
        Seconds a step, the median.
    """
    # What was recorded and compiled for another batch would be in the way.
    gc.collect()
    torch.compiler.reset()
    if options.device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    fields = {"store": "", "output": "", "preset": options.preset, "batch": batch}
    settings = with_recipe(fields | {"machine": {"compile": compiled}})
    shape = settings.network_shape
    segment = random_segment(
        shape, batch, settings.segment // shape.hop, options.domains,
        settings.context // shape.hop, settings.spectral.bands if settings.spectral.weight else 0,
    )  # fmt: skip
    segment = TrainingSegment(*(part.to(options.device) for part in segment))
    seconds = []
    with torch.autocast(options.device, torch.bfloat16):
        step = recorded_step(settings, options.domains, segment)
        for number in range(Graph.WARM_UP + 2 + options.rounds):
            start = time.perf_counter()
            step(segment, 1.0, 0.1)
            if options.device == "cuda":
                torch.cuda.synchronize()
            if number >= Graph.WARM_UP + 2:
                seconds.append(time.perf_counter() - start)
    taken = statistics.median(seconds)
    segments = batch * options.domains
    audio = segments * settings.segment / shape.sample_rate
    memory = torch.cuda.max_memory_allocated() / 1e9 if options.device == "cuda" else 0.0
    print(
        f"{batch:6}{'compiled' if compiled else 'plain':>12}{1e3 * taken:10.2f}"
        f"{audio / taken:14.1f}{1e3 * taken / segments:14.3f}{memory:8.1f}",
        flush=True,
    )
    return taken


def recorded_step(settings: Settings, domains: int, segment: TrainingSegment) -> CapturedStep:
    """Make the step of a run with first weights.

    Parameters
    ----------
    settings
        Those of the run.
    domains
        The number of its domains.
    segment
        A batch, for its shape and device.
    """
    torch.manual_seed(0)
    names = tuple(f"domain{number}" for number in range(domains))
    module = TrainingModule(msgspec.to_builtins(settings), names).to(segment.heard.device)
    module.setup("fit")
    optimisers = module.configure_optimizers()
    clip = settings.optimiser.gradient_clip

    def learn(batch: TrainingSegment, adversarial: Tensor | float) -> tuple[Losses, Tensor]:
        for optimiser in optimisers:
            optimiser.zero_grad()
        found = module(batch)
        (module.total(found, adversarial) + found.classification).backward()
        norms = [nn.utils.clip_grad_norm_(weights, clip) for weights, _ in module._parts]
        return found, torch.stack(norms)

    return CapturedStep(learn, optimisers, segment)


def fitting(seconds: Mapping[int, float]) -> int:
    """Choose the smallest batch from which on the time a segment no longer falls.

    Parameters
    ----------
    seconds
        Seconds a step, by batch.

    Returns
    -------
    int
    """
    each = {batch: taken / batch for batch, taken in seconds.items()}
    return min(batch for batch, taken in each.items() if taken <= NEAR * min(each.values()))


if __name__ == "__main__":
    main()

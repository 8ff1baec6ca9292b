"""How long a batch takes to load, against how long the network takes to learn from it.

Usage: python benchmarks/loading.py SETTINGS.yaml
"""

from __future__ import annotations

import statistics
import sys
import time

import msgspec
import torch
from torch.utils.data import default_collate

from umtn_core.training.module import Translation
from umtn_core.training.segments import SegmentDataset
from umtn_core.training.settings import read_settings

REPEATS = 12


def main() -> None:
    """Print both times and their ratio."""
    settings = read_settings(sys.argv[1])
    if settings.machine.threads:
        torch.set_num_threads(settings.machine.threads)
    domains = settings.domains
    dataset = SegmentDataset(settings, domains, "train")
    module = Translation(msgspec.to_builtins(settings), domains)
    optimiser = module.configure_optimizers()[0]
    numbers = iter(range(10**9))

    def load() -> object:
        return default_collate([dataset[next(numbers)] for _ in range(settings.batch)])

    batch = load()

    def learn() -> None:
        optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, settings.machine.precision == "bf16-mixed"):
            found = module(batch)
        (module.total(found) + found.classification).backward()
        optimiser.step()

    loading, learning = median_seconds(load), median_seconds(learn)
    samples = settings.batch * settings.segment * len(domains)
    print(f"loading   {1e3 * loading:8.1f} ms a batch in one process")
    print(f"learning  {1e3 * learning:8.1f} ms a batch, {samples / learning:,.0f} samples/s")
    print(f"ratio     {loading / learning:8.3f} (below 1, the network never waits for one loader)")


def median_seconds(work: object) -> float:
    """Median time of a few calls, after two to warm up."""
    times = []
    for _ in range(REPEATS + 2):
        start = time.perf_counter()
        work()  # type: ignore[operator]
        times.append(time.perf_counter() - start)
    return statistics.median(times[2:])


if __name__ == "__main__":
    main()

"""How long a batch takes to load, against how long the network takes to learn from it.

Usage: python benchmarks/loading.py SETTINGS.yaml [ROUNDS]

Both are timed in turns, since other programs may want the processor, on so many threads as the
settings say. Where the loader runs in between (``machine.loaders: 0``), the share is what a run
logs as ``time/waiting for data``. Loading alone, as processes of its own do it, is faster.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import msgspec
import torch
from torch.utils.data import default_collate

from umtn_core.data.store import Store
from umtn_core.training.band_gains import set_band_gains
from umtn_core.training.module import TrainingModule
from umtn_core.training.precision import chosen_precision
from umtn_core.training.segments import SegmentDataset
from umtn_core.training.settings import Settings, read_settings

ROUNDS = 12
#: Processes that load on a machine of 16 cores with a GPU, and seconds of audio a second there.
LOADERS, AIM = 14, 1000
#: Segments that are loaded in a row.
ALONE = 200


def main() -> None:
    """Print both times and the loader's share."""
    settings = read_settings(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    if settings.machine.threads:
        torch.set_num_threads(settings.machine.threads)
    store = Store.open(settings.store)
    domains = settings.domains or store.domains
    module = TrainingModule(msgspec.to_builtins(settings), domains)
    shape = module.network.shape
    set_band_gains(module.network, store)
    dataset = SegmentDataset(settings, domains, "train", module.band_gains)
    loading, learning = _timed(settings, module, dataset, rounds)
    seconds = settings.batch * settings.segment * len(domains) / shape.sample_rate
    print(f"loading   {1e3 * loading:8.1f} ms a batch in one process")
    each, heard = _alone(dataset) / len(domains), settings.segment / shape.sample_rate
    print(
        f"alone     {1e3 * each:8.2f} ms a segment, which is {heard / each:,.0f} times real time; "
        f"{AIM:,} times take {LOADERS} processes {each * AIM / heard / LOADERS:.0%} of their time"
    )
    print(f"learning  {1e3 * learning:8.1f} ms a batch, {seconds / learning:.2f} s of audio/s")
    print(f"share     {100 * loading / (loading + learning):8.1f} % of a step is loading")


def _timed(
    settings: Settings, module: TrainingModule, dataset: SegmentDataset, rounds: int
) -> tuple[float, float]:
    """Median seconds of loading a batch and of learning from it, after two rounds to warm up."""
    optimisers = module.configure_optimizers()
    mixed = chosen_precision(settings.machine) == "bf16-mixed"
    numbers = iter(range(10**9))

    def learn(batch: object) -> None:
        for optimiser in optimisers:
            optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, mixed):
            found = module(batch)
        (module.total(found) + found.classification).backward()
        for optimiser in optimisers:
            optimiser.step()

    loading, learning = [], []
    for _ in range(rounds + 2):
        batch, seconds = _seconds(
            lambda: default_collate([dataset[next(numbers)] for _ in range(settings.batch)])
        )
        loading.append(seconds)
        learning.append(_seconds(lambda: learn(batch))[1])  # noqa: B023 (called at once)
    return statistics.median(loading[2:]), statistics.median(learning[2:])


def _alone(dataset: SegmentDataset) -> float:
    """Mean seconds of a core for a segment of all domains, nothing else being done in between."""
    start = time.process_time()
    for number in range(ALONE):
        dataset[number]
    return (time.process_time() - start) / ALONE


def _seconds(work: Callable[[], object]) -> tuple[object, float]:
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


if __name__ == "__main__":
    main()

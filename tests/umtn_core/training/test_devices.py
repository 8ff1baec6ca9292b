"""What a machine has, and what a run may ask of it."""

import os
from types import SimpleNamespace

import msgspec
import pytest
import torch
from lightning.pytorch.accelerators import CPUAccelerator

from umtn_core.errors import UmtnError
from umtn_core.training import devices
from umtn_core.training.datamodule import Segments
from umtn_core.training.devices import check_devices, chosen_loaders, training_device
from umtn_core.training.module import TrainingModule
from umtn_core.training.segments import SegmentDataset, TrainingSegment
from umtn_core.training.settings import Machine
from umtn_core.training.train import train

DOMAINS = ("flute", "violin")


@pytest.fixture
def machine_with(monkeypatch):
    """Pretend that the machine has so many devices of a kind, and so many cores."""

    def pretend(kind, count=1, cores=16):
        found = torch.device(kind) if count else None
        monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check: found)
        monkeypatch.setattr(torch.accelerator, "device_count", lambda: count)
        monkeypatch.setattr(devices, "available_cores", lambda: cores)

    return pretend


def test_a_device_is_taken_where_there_is_one_and_the_settings_allow_it(machine_with):
    machine_with("cuda")
    assert training_device(Machine()).type == "cuda"
    assert training_device(Machine(accelerator="cpu")).type == "cpu"
    machine_with("cuda", 0)
    assert training_device(Machine()).type == "cpu"


@pytest.mark.parametrize(
    ("count", "machine", "says"),
    [
        (1, Machine(devices=2, strategy="ddp"), "devices to 1 and machine.strategy to auto"),
        (4, Machine(devices=8), "has 4: set machine.devices to 4 or less"),
        (0, Machine(accelerator="gpu"), "set machine.accelerator to auto"),
        (1, Machine(devices=1), None),
        (1, Machine(), None),
        (0, Machine(devices=2, strategy="ddp"), None),
        (1, Machine(accelerator="cpu", devices=2, strategy="ddp"), None),
    ],
)
def test_more_devices_than_there_are_is_said_before_anything_is_written(
    machine_with, settings, tmp_path, count, machine, says
):
    machine_with("cuda", count)
    if says is None:
        check_devices(machine)
        return
    with pytest.raises(UmtnError, match=says) as caught:
        train(settings(machine=msgspec.to_builtins(machine)), progress=False)
    assert "\n" not in str(caught.value) and not (tmp_path / "run").exists()


def test_loaders_take_the_cores_that_a_gpu_leaves(machine_with):
    machine_with("cuda")
    assert chosen_loaders(Machine()) == 14
    assert chosen_loaders(Machine(), processes=4) == 3
    assert chosen_loaders(Machine(loaders=5)) == 5 and chosen_loaders(Machine(loaders=0)) == 0
    assert chosen_loaders(Machine(accelerator="cpu")) == 1
    machine_with("cuda", cores=2)
    assert chosen_loaders(Machine()) == 1
    machine_with("cuda", 0)
    assert chosen_loaders(Machine()) == 1


def _threads_of_the_process(worker: int) -> None:
    assert torch.get_num_threads() == 1
    assert len(os.listdir("/proc/self/task")) <= 2


def test_loaders_of_one_thread_each_bring_the_segments_there_are(settings):
    options = settings(machine={"loaders": 2, "threads": 1}, steps=3)
    module = TrainingModule(msgspec.to_builtins(options), DOMAINS)
    data = Segments(options, DOMAINS)
    data.trainer = SimpleNamespace(
        lightning_module=module, global_rank=0, world_size=1, num_devices=1,
        accelerator=CPUAccelerator(),
    )  # fmt: skip
    loader = data.train_dataloader()
    assert loader.num_workers == 2 and loader.prefetch_factor == 4
    if os.path.isdir("/proc/self/task"):
        loader.worker_init_fn = _threads_of_the_process
    batches = list(loader)
    plain = SegmentDataset(options, DOMAINS, "train")
    for number, batch in enumerate(batches):
        expected = [plain[2 * number], plain[2 * number + 1]]
        for part, parts in zip(TrainingSegment(*batch), zip(*expected, strict=True), strict=True):
            assert torch.equal(part, torch.stack(parts))
        assert batch.target.dtype == torch.uint8
    assert len(batches) == 3

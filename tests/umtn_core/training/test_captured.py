"""Steps through static buffers: on a processor without a graph, on a GPU with one."""

from types import SimpleNamespace

import msgspec
import pytest
import torch

from umtn_core.errors import UmtnError
from umtn_core.networks import stacked, stacked_bfloat16
from umtn_core.training import module as module_
from umtn_core.training.captured import CapturedStep, Graph
from umtn_core.training.checkpoint import load_network
from umtn_core.training.module import TrainingModule
from umtn_core.training.objective import Losses
from umtn_core.training.segments import TrainingSegment
from umtn_core.training.train import train

#: What changes from step to step: pace up and down, and the adversarial weight.
COURSE = {
    "adversarial_weight": 0.5, "adversarial_warmup": 4,
    "optimiser": {"warmup": 3, "cooldown": 2, "average": 0.9},
}  # fmt: skip
BANDS = {
    "preset": "wideband", "batch": 2, "segment": 800, "context": 400,
    "shape": {
        "encoder_channels": 8, "residual_channels": 8, "skip_channels": 8, "decoder_layers": 3,
        "conditioning_channels": 8, "decoder_sample_rate": 16_000, "bands": 4,
    },
}  # fmt: skip


def _content(path):
    return torch.load(path, map_location="cpu", weights_only=True)


def _run(settings, tmp_path, name, capture, **fields):
    machine = {"capture": capture} | fields.pop("machine", {})
    return train(settings(output=str(tmp_path / name), machine=machine, **fields), progress=False)


def _same(path, other, rtol=1e-4, atol=1e-6):
    first, second = _content(path), _content(other)
    assert first["batches"] == second["batches"] and first["global_step"] == second["global_step"]
    for part in ("state_dict", "current_model_state"):
        for name, weight in first[part].items():
            torch.testing.assert_close(second[part][name], weight, rtol=rtol, atol=atol, msg=name)
    for one, same in zip(first["optimizer_states"], second["optimizer_states"], strict=True):
        for number, moments in one["state"].items():
            assert same["state"][number].get("step") == moments.get("step")


@pytest.mark.parametrize(
    "shape",
    [{}, BANDS, {"domains": ("flute",)}, {"optimiser": COURSE["optimiser"] | {"muon": True}}],
    ids=["one row", "bands", "one domain", "Muon"],
)
def test_captured_steps_leave_the_weights_of_plain_ones(settings, tmp_path, shape):
    plain = _run(settings, tmp_path, "plain", "off", steps=5, **COURSE | shape)
    _same(plain, _run(settings, tmp_path, "captured", "on", steps=5, **COURSE | shape))


@pytest.mark.parametrize("muon", [False, True])
def test_a_run_goes_on_with_the_other_kind_of_step(settings, tmp_path, muon):
    course = COURSE | {"optimiser": {"warmup": 3, "average": 0.9, "muon": muon}}
    plain = _run(settings, tmp_path, "plain", "off", steps=9, **course)
    for steps, capture in ((3, "on"), (6, "off"), (9, "on")):
        parts = _run(settings, tmp_path, "parts", capture, steps=steps, **course)
    # Muon rounds to bfloat16 on its way; nine steps are nearly 1e-2.
    _same(plain, parts, atol=2e-4 if muon else 1e-6)


def test_pace_and_adversarial_weight_reach_every_step_through_the_same_memory(
    settings, tmp_path, monkeypatch
):
    seen = []

    def spy(module, batch, adversarial):
        rates = [group["lr"] for o in module._optimisers for group in o.param_groups]
        memory = [t.data_ptr() for t in (adversarial, *rates, *batch[:4])]
        seen.append((adversarial.item(), [rate.item() for rate in rates], memory))
        return learn(module, batch, adversarial)

    learn = TrainingModule.learn
    monkeypatch.setattr(TrainingModule, "learn", spy)
    _run(settings, tmp_path, "captured", "on", steps=5, **COURSE)
    weights, rates, memory = zip(*seen, strict=True)
    assert weights == pytest.approx([0.125, 0.25, 0.375, 0.5, 0.5])
    for step, pace in enumerate([1 / 3, 2 / 3, 1.0, 1.0, 0.5]):
        assert rates[step] == pytest.approx([1e-3 * pace] * 3)
    assert all(where == memory[0] for where in memory)


def test_a_captured_run_logs_what_a_plain_one_does(settings, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    def logged(path):
        log = EventAccumulator(str(path.parent / "log"))
        log.Reload()
        tags = [tag for tag in log.Tags()["scalars"] if not tag.startswith("time/")]
        return {tag: [(e.step, e.value) for e in log.Scalars(tag)] for tag in tags}

    expected = logged(_run(settings, tmp_path, "plain", "off", steps=50, validate_every=25))
    found = logged(_run(settings, tmp_path, "captured", "on", steps=50, validate_every=25))
    assert found.keys() == expected.keys() and "train/nats" in found
    for tag, curve in expected.items():
        assert [step for step, _ in found[tag]] == [step for step, _ in curve], tag
        assert [v for _, v in found[tag]] == pytest.approx([v for _, v in curve], rel=0.02), tag


@pytest.mark.parametrize("steps", [4, 15])
def test_a_loss_that_is_no_number_ends_a_captured_run(settings, tmp_path, monkeypatch, steps):
    """At a look, or at the end where that comes first."""

    def broken(*arguments, **options):
        found = losses(*arguments, **options)
        return found._replace(reconstruction=found.reconstruction * float("nan"))

    losses = module_.losses
    last = _run(settings, tmp_path, "captured", "on", steps=2)
    sound = load_network(last)[0].state_dict()
    monkeypatch.setattr(module_, "losses", broken)
    with pytest.raises(UmtnError, match="at batch 2: lower the rates"):
        _run(settings, tmp_path, "captured", "on", steps=steps, validate_every=100)
    for name, weight in load_network(last)[0].state_dict().items():
        assert torch.equal(weight, sound[name])


def _small_step(device="cpu", optimiser=torch.optim.AdamW, **options):
    """A step of one weight, whose gradient is the batch's first number."""
    weight = torch.nn.Parameter(torch.zeros(1, device=device))
    adam = optimiser([{"params": [weight], "lr": 0.1, "full": 0.1}], **options)

    def learn(batch, adversarial):
        adam.zero_grad()
        nats = (weight * batch.heard.mean()).sum()
        nats.backward()
        zero = torch.zeros((), device=device)
        return Losses(nats[None], zero, zero, zero, zero), weight.grad.norm()[None]

    def batch(value):
        return TrainingSegment(*(torch.full((1, 1, 8), value, device=device) for _ in range(5)))

    return weight, batch, CapturedStep(learn, [adam], batch(0.0))


def test_weights_stay_as_they_were_before_a_gradient_that_is_no_number():
    weight, batch, step = _small_step(fused=True)
    for value in (1.0, 2.0):
        step(batch(value), 1.0, 0.0)
    assert step.look() is None
    sound = weight.clone()
    for value in (float("inf"), 1.0, 1.0):
        step(batch(value), 1.0, 0.0)
    assert step.look() == 2
    assert torch.equal(weight, sound) and weight.item() < 0


def test_an_optimiser_that_cannot_leave_out_a_step_is_named():
    with pytest.raises(UmtnError, match="SGD cannot be captured"):
        _small_step(optimiser=torch.optim.SGD, lr=0.1)


@pytest.mark.parametrize("nats", [stacked.nats, stacked_bfloat16.nats], ids=["float32", "mixed"])
def test_nothing_in_losses_and_gradients_waits_for_the_device(settings, monkeypatch, nats):
    """On the device "meta" there are no values: whatever asks for one fails."""
    options = settings(**{"spectral": {"weight": 1.0, "bands": 4}} | BANDS)
    module = TrainingModule(msgspec.to_builtins(options), ("flute", "violin")).to("meta")
    module._score = nats
    optimiser = SimpleNamespace(zero_grad=module.zero_grad)
    monkeypatch.setattr(TrainingModule, "_optimisers", [optimiser])
    monkeypatch.setattr(TrainingModule, "manual_backward", lambda module, loss: loss.backward())
    # It knows of no mixed precision.
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda *_: False)
    shape, frames = module.network.shape, 10
    samples = (2, 2, frames * shape.output_hop)
    batch = TrainingSegment(
        torch.empty(2, 2, 1, frames * shape.hop + 2 * options.context, device="meta"),
        *(torch.empty(samples, device="meta", dtype=kind) for kind in (torch.int16, torch.uint8)),
        torch.empty(samples, device="meta", dtype=torch.bool),
        torch.empty(2, 2, 4, frames, device="meta"),
    )
    found, norms = module.learn(batch, torch.empty((), device="meta"))
    assert found.reconstruction.shape == (2,) and norms.shape == (2,)
    with pytest.raises(RuntimeError, match="meta"):
        norms[0].item()


class _Recording:
    """Stands in for a recording, which on a processor there is none of."""

    def __init__(self, *_, **__):
        self.replayed = 0

    def __enter__(self):
        pass

    def __exit__(self, *_):
        pass

    def replay(self):
        self.replayed += 1

    def wait_stream(self, stream):
        pass


def test_a_graph_is_recorded_after_warming_up_and_replayed_from_then_on(monkeypatch):
    for name in ("Stream", "CUDAGraph", "graph", "stream", "current_stream"):
        monkeypatch.setattr(torch.cuda, name, _Recording)
    done = []
    graph = Graph(lambda: done.append(1) or len(done))
    assert [graph() for _ in range(6)] == [1, 2, 3, 4, 4, 4]
    assert graph.recorded[0].replayed == 3


def test_what_cannot_be_recorded_says_how_to_go_on(monkeypatch):
    for name in ("Stream", "CUDAGraph", "graph"):
        monkeypatch.setattr(torch.cuda, name, _Recording)

    def refused():
        raise RuntimeError("operation not permitted when stream is capturing\nand more")

    graph = Graph(refused)
    graph.done = Graph.WARM_UP
    with pytest.raises(UmtnError, match=r"capturing\): set machine.capture to off"):
        graph()


def test_a_processor_takes_plain_steps_unless_told_otherwise(settings):
    module = TrainingModule(msgspec.to_builtins(settings()), ("flute", "violin"))
    module._trainer = SimpleNamespace(world_size=1)
    assert not module._captures(TrainingSegment(*[torch.zeros(1)] * 5))


def test_steps_of_several_processes_are_not_captured(settings):
    options = settings(machine={"capture": "on"})
    module = TrainingModule(msgspec.to_builtins(options), ("flute", "violin"))
    module._trainer = SimpleNamespace(world_size=2)
    with pytest.raises(UmtnError, match="several processes"):
        module._captures(TrainingSegment(*[torch.zeros(1)] * 5))


on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@pytest.mark.gpu
@on_gpu
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize("shape", [{}, BANDS], ids=["one row", "bands"])
def test_a_graph_takes_the_steps_of_plain_ones(settings, tmp_path, monkeypatch, shape, precision):
    """More steps than are taken before the graph is recorded, and more than one replay."""
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)
    machine = {"accelerator": "cuda", "precision": precision}
    plain, captured = (
        _run(settings, tmp_path, capture, capture, steps=12, machine=machine, **COURSE | shape)
        for capture in ("off", "on")
    )
    begun = _content(_run(settings, tmp_path, "begun", "off", steps=1, **COURSE | shape))
    expected, found = _content(plain), _content(captured)
    assert found["global_step"] == expected["global_step"]
    for name, weight in expected["current_model_state"].items():
        # Sums on a GPU come in any order, and Adam makes steps of signs of gradients.
        moved = (weight - begun["current_model_state"][name]).norm()
        off = (found["current_model_state"][name] - weight).norm()
        assert off <= (0.05 if precision == "32-true" else 0.2) * moved + 1e-6, name


@pytest.mark.gpu
@pytest.mark.long
@on_gpu
def test_what_is_compiled_is_recorded_too(settings, tmp_path):
    """It takes the steps of plain ones, but for rounding, and validates in between."""
    machine = {"accelerator": "cuda", "precision": "32-true"}
    common = {"steps": 12, "validate_every": 5} | COURSE | BANDS
    plain = _run(settings, tmp_path, "plain", "off", machine=machine, **common)
    fast = _run(
        settings, tmp_path, "compiled", "auto", machine=machine | {"compile": True}, **common
    )
    begun = _content(_run(settings, tmp_path, "begun", "off", **common | {"steps": 1}))
    expected, found = _content(plain), _content(fast)
    for name, weight in expected["current_model_state"].items():
        moved = (weight - begun["current_model_state"][name]).norm()
        off = (found["current_model_state"][name] - weight).norm()
        assert off <= 0.1 * moved + 1e-6, name


@pytest.mark.gpu
@on_gpu
def test_a_graph_leaves_weights_as_they_were_before_what_is_no_number():
    weight, batch, step = _small_step("cuda", fused=True)
    for value in (1.0, 2.0, 1.0, 1.0, 2.0):
        step(batch(value), 1.0, 0.0)
    assert step.look() is None
    sound = weight.clone()
    for value in (float("inf"), 1.0):
        step(batch(value), 1.0, 0.0)
    assert step.look() == 5 and torch.equal(weight, sound)

"""Whole training runs of a tiny network."""

import os
import signal
import subprocess
import sys
import time

import msgspec
import pytest
import torch
from lightning.pytorch.callbacks import WeightAveraging
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from umtn_core.data.store import Store, write_index
from umtn_core.errors import UmtnError
from umtn_core.shape import PRESETS
from umtn_core.training.checkpoint import load_network, slim
from umtn_core.training.guards import Averaging
from umtn_core.training.module import TrainingModule
from umtn_core.training.settings import write_settings
from umtn_core.training.train import train


def _weights(path):
    return load_network(path)[0].state_dict()


def _same(first, second, tolerance=0.0):
    assert first.keys() == second.keys()
    for name in first:
        torch.testing.assert_close(first[name], second[name], rtol=tolerance, atol=tolerance)


def _curve(output, tag):
    log = EventAccumulator(str(output / "log"))
    log.Reload()
    return {event.step: event.value for event in log.Scalars(tag)}


def test_a_run_learns_and_leaves_what_it_did(settings, tmp_path):
    options = settings(steps=150, validate_every=75, optimiser={"decoder_rate": 0.01})
    last = train(options, progress=False)
    network, info = load_network(last)
    assert info.settings == options and info.batches == 150
    assert network.domains == ("flute", "violin")
    valid = list(_curve(tmp_path / "run", "valid/nats").values())
    assert valid[-1] < valid[0] < 5.6
    assert (tmp_path / "run" / "settings.yaml").exists()


def test_an_interrupted_run_goes_on_exactly(settings, tmp_path):
    whole = train(settings(output=str(tmp_path / "whole"), steps=8), progress=False)
    # The first half stops early by its own settings, with the same pace as the whole.
    half = settings(output=str(tmp_path / "half"), steps=4)
    train(half, progress=False)
    resumed = train(settings(output=str(tmp_path / "half"), steps=8), progress=False)
    _same(_weights(whole), _weights(resumed))


def test_averaged_weights_also_go_on_exactly(settings, tmp_path):
    average = {"optimiser": {"average": 0.9}}
    whole = train(settings(output=str(tmp_path / "whole"), steps=6, **average), progress=False)
    train(settings(output=str(tmp_path / "half"), steps=3, **average), progress=False)
    resumed = train(settings(output=str(tmp_path / "half"), steps=6, **average), progress=False)
    _same(_weights(whole), _weights(resumed))
    plain = train(settings(output=str(tmp_path / "plain"), steps=6), progress=False)
    assert not torch.equal(
        _weights(plain)["encoder.start.weight"], _weights(whole)["encoder.start.weight"]
    )


def test_averages_are_those_that_lightning_keeps(settings, tmp_path, monkeypatch):
    options = {"optimiser": {"average": 0.9}, "steps": 5}
    ours = train(settings(output=str(tmp_path / "ours"), **options), progress=False)
    usual = WeightAveraging.on_train_batch_end
    monkeypatch.setattr(Averaging, "on_train_batch_end", usual)
    theirs = train(settings(output=str(tmp_path / "theirs"), **options), progress=False)
    _same(_weights(ours), _weights(theirs))
    counts = [
        torch.load(path, weights_only=True)["averaging_state"]["n_averaged"]
        for path in (ours, theirs)
    ]
    assert counts == [5, 5]


def test_a_killed_run_resumes_with_the_same_loss_curve(settings, tmp_path):
    """Killed without warning while it trains, by a signal it cannot catch."""
    options = dict(steps=400, validate_every=40, checkpoint_minutes=0.01)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    train(settings(output=str(whole), **options), progress=False)
    write_settings(settings(output=str(killed), **options), tmp_path / "settings.yaml")
    program = (
        "import sys; from umtn_core.training.settings import read_settings;"
        "from umtn_core.training.train import train;"
        f"train(read_settings({str(tmp_path / 'settings.yaml')!r}), progress=False)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while not (killed / "last.ckpt").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert 0 < load_network(killed / "last.ckpt")[1].batches < 400
    train(settings(output=str(killed), **options), progress=False)
    expected, found = (_curve(path, "valid/nats") for path in (whole, killed))
    assert len(expected) == 10
    for step, nats in expected.items():
        assert found[step] == pytest.approx(nats, abs=1e-6)


def test_a_time_limit_is_of_this_run_alone(settings):
    options = settings(steps=10**6)
    first = train(options, max_minutes=0.05, progress=False)
    before = load_network(first)[1].batches
    after = load_network(train(options, max_minutes=0.05, progress=False))[1].batches
    assert 0 < before < after < 10**6


def test_a_run_that_ends_by_the_clock_is_cooled_down(settings, tmp_path):
    options = settings(steps=10**6)
    module = TrainingModule(msgspec.to_builtins(options), ("flute", "violin"))
    paces = []
    for spent in (None, 0.0, 0.6, 0.8, 1.0):
        module.spent = spent
        paces.append(module.pace)
    assert paces == pytest.approx([1.0, 1.0, 1.0, 0.5, 0.0])
    train(options, max_minutes=0.1, progress=False)
    assert list(_curve(tmp_path / "run", "pace").values())[-1] < 1


def test_the_settings_minutes_are_those_of_all_parts(settings):
    options = settings(steps=10**6, minutes=0.05)
    first = load_network(train(options, progress=False))[1].batches
    again = load_network(train(options, progress=False))[1].batches
    # Nothing is left of the time but for a look at the clock.
    assert 0 < first <= again <= first + 5
    longer = msgspec.structs.replace(options, minutes=0.1)
    assert load_network(train(longer, progress=False))[1].batches > again + 5


def test_a_run_says_what_it_expects(settings):
    said = []
    train(settings(steps=25), progress=False, say=said.append)
    assert any("level_probability" in sentence for sentence in said)
    assert any("2 domains" in sentence and "0.1 s of audio" in sentence for sentence in said)
    assert any("Batch 20: " in sentence and "minutes left" in sentence for sentence in said)


def test_a_new_run_can_begin_from_a_slim_copy_of_another(settings, tmp_path):
    first = train(settings(output=str(tmp_path / "first"), steps=3), progress=False)
    slim(first, tmp_path / "slim.ckpt")
    assert (tmp_path / "slim.ckpt").stat().st_size < 0.6 * first.stat().st_size
    _same(_weights(tmp_path / "slim.ckpt"), _weights(first))
    assert str(tmp_path).encode() not in (tmp_path / "slim.ckpt").read_bytes()
    still = settings(output=str(tmp_path / "second"), steps=1, optimiser={"warmup": 10**9})
    second = train(still, start=tmp_path / "slim.ckpt", progress=False)
    _same(_weights(second), _weights(first), tolerance=1e-6)
    other = settings(output=str(tmp_path / "third"), shape={"hop": 80, "latent_channels": 5})
    with pytest.raises(UmtnError, match="another shape"):
        train(other, start=tmp_path / "slim.ckpt", progress=False)


def test_sounds_are_logged(settings, tmp_path):
    train(settings(steps=2, listen_every=2, listen_seconds=0.02), progress=False)
    log = EventAccumulator(str(tmp_path / "run" / "log"))
    log.Reload()
    assert "flute to violin/" in " ".join(f"{tag}/" for tag in log.Tags()["audio"])


def test_one_domain_trains_without_a_classifier(settings):
    last = train(settings(domains=["flute"], steps=2), progress=False)
    assert load_network(last)[0].classifier is None


NARROW = {"encoder_channels": 6, "residual_channels": 6, "skip_channels": 6}


@pytest.mark.parametrize(
    ("preset", "domains", "frames"),
    [("paper", (), 1), ("released", (), 1), ("nsynth", ("flute",), 2), ("small", (), 2)],
)
def test_every_preset_trains(settings, preset, domains, frames):
    hop = PRESETS[preset].hop
    options = settings(
        preset=preset, shape=NARROW, domains=domains, steps=1, segment=frames * hop, context=hop,
        spectral={"weight": 0.0}, validate_every=1,
    )  # fmt: skip
    network, info = load_network(train(options, progress=False))
    assert network.shape.hop == hop and info.batches == 1
    assert (network.classifier is None) == (len(network.domains) == 1)


@pytest.mark.long
@pytest.mark.parametrize("capture", ["off", "on"])
def test_a_compiled_run_takes_the_same_steps(
    settings, tmp_path, monkeypatch, adam_gradients, capture
):
    """Alone, and as steps that are recorded: losses, first gradients, and one compilation each."""
    common = {"steps": 30, "validate_every": 10, "optimiser": {"average": 0.9}}
    plain, compiled = tmp_path / "plain", tmp_path / "compiled"
    made, compile_ = [], torch.compile
    monkeypatch.setattr(torch, "compile", lambda f: made.append(f.__name__) or compile_(f))
    machine = {"compile": True, "capture": capture}
    for steps in (1, 30):
        options = common | {"steps": steps}
        alone = train(settings(output=str(plain), **options), progress=False)
        fast = train(settings(output=str(compiled), machine=machine, **options), progress=False)
        if steps == 1:
            expected, found = adam_gradients(alone), adam_gradients(fast)
    assert made == ["forward", "nats"] * 2, "the encoder, and all decoders together"
    largest = float(max(gradient.abs().max() for gradient in expected.values()))
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-3, atol=1e-5 * largest)
    losses, same = (_curve(folder, "valid/nats") for folder in (plain, compiled))
    assert len(losses) == 3
    assert list(same.values()) == pytest.approx(list(losses.values()), rel=1e-3)


def test_a_missing_domain_is_named(settings):
    with pytest.raises(UmtnError, match="tuba"):
        train(settings(domains=["flute", "tuba"]), progress=False)


def test_a_loss_that_is_no_number_ends_the_run(settings, monkeypatch):
    from umtn_core.training import module

    def broken(*arguments, **options):
        found = losses(*arguments, **options)
        return found._replace(reconstruction=found.reconstruction * float("nan"))

    losses = module.losses
    last = train(settings(steps=2), progress=False)
    sound = _weights(last)
    monkeypatch.setattr(module, "losses", broken)
    with pytest.raises(UmtnError, match="at batch 2: lower the rates"):
        train(settings(steps=6), progress=False)
    _same(_weights(last), sound)


def _lacking(store, tmp_path, **changes):
    """A copy of the store's index in which some domains' entries are other ones."""
    index = Store.open(store).index
    files = [changes.get(entry.domain, lambda e: e)(entry) for entry in index.files]
    files = [msgspec.structs.replace(e, path=str(store / e.path)) for e in files if e is not None]
    write_index(tmp_path / "store", msgspec.structs.replace(index, files=files))
    return str(tmp_path / "store")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (lambda e: e if e.split == "train" else None, "two recordings or more"),
        (lambda e: e if e.split == "valid" else None, "two recordings or more"),
        (lambda e: None, "no domain 'violin'"),
        (lambda e: msgspec.structs.replace(e, path="missing.npy"), "make the store again"),
    ],
    ids=["one file", "nothing to train on", "empty domain", "missing file"],
)
def test_too_little_data_ends_a_run_before_it_begins(settings, store, tmp_path, changed, says):
    lacking = _lacking(store, tmp_path, violin=changed)
    with pytest.raises(UmtnError, match=says) as caught:
        train(msgspec.structs.replace(settings(), store=lacking), progress=False)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04broken"])
def test_something_else_is_no_checkpoint(tmp_path, content):
    path = tmp_path / "x.ckpt"
    path.write_bytes(content)
    with pytest.raises(UmtnError, match="not a checkpoint"):
        load_network(path)

"""Domains added to a trained network."""

import msgspec
import pytest
import torch

from umtn_core.errors import UmtnError
from umtn_core.networks import UniversalMusicTranslationNetwork
from umtn_core.training.adding import adding_settings, nearest_domains, trial
from umtn_core.training.checkpoint import load_network, read_checkpoint, slim
from umtn_core.training.module import TrainingModule
from umtn_core.training.train import train


@pytest.fixture(scope="module")
def trained(make_settings, tmp_path_factory):
    """Slim checkpoints of runs that know the flute alone, and flute and violin."""

    def make(*domains):
        folder = tmp_path_factory.mktemp("old")
        options = make_settings(folder, domains=domains, steps=3)
        slim(train(options, progress=False), folder / "old.ckpt")
        return folder / "old.ckpt"

    return {domains: make(*domains) for domains in (("flute",), ("flute", "violin"))}


@pytest.fixture
def adding(settings, tmp_path, store):
    """Make settings of a run that adds domains, changed as asked."""

    def make(checkpoint, *names, output="added", **changes):
        base = adding_settings(checkpoint, names, store, tmp_path / output)
        like = settings(**changes)
        kept = {name: getattr(like, name) for name in (*changes, "machine", "validate_every")}
        return msgspec.structs.replace(base, **kept).checked()

    return make


def _weights(path):
    return read_checkpoint(path).weights


def test_only_the_new_decoder_learns(trained, adding):
    checkpoint = trained["flute", "violin"]
    options = adding(checkpoint, "oboe", steps=5, optimiser={"average": 0.9})
    last = train(options, start=checkpoint, nearest={"oboe": "violin"}, progress=False)
    before, after = _weights(checkpoint), _weights(last)
    assert load_network(last)[0].domains == ("flute", "violin", "oboe")
    for name, weight in before.items():
        if "classifier.convs.6" in name:
            assert torch.equal(after[name], torch.cat([weight, weight[1:]]))
        else:
            assert torch.equal(after[name], weight), name
    moved = [
        not torch.equal(weight, after[name.replace("violin", "oboe")])
        for name, weight in before.items()
        if "decoders.violin" in name and "layers.3.residual" not in name
    ]
    assert sum(moved) == len(moved) > 10


def test_it_learns(trained, adding):
    checkpoint = trained["flute",]
    fast = {"decoder_rate": 0.01}
    options = adding(checkpoint, "violin", steps=120, validate_every=120, optimiser=fast)
    before = trial(checkpoint, options, "violin")["flute"]
    last = train(options, start=checkpoint, progress=False)
    assert trial(last, options, "violin")["violin"] < before - 0.1


def test_it_begins_as_the_one_that_predicts_it_best(trained, adding, monkeypatch):
    checkpoint = trained["flute", "violin"]
    options = adding(checkpoint, "oboe")
    found = trial(checkpoint, options, "oboe")
    assert nearest_domains(checkpoint, options) == {"oboe": min(found, key=found.get)}
    for chosen in ("flute", "violin"):
        assert nearest_domains(checkpoint, options, {"oboe": chosen}) == {"oboe": chosen}
        assert nearest_domains(checkpoint, options, {"Oboe": chosen.upper()}) == {"oboe": chosen}
    for wrong in ({"oboe": "tuba"}, {"flute": "violin"}):
        with pytest.raises(UmtnError, match=r"no (new )?domain"):
            nearest_domains(checkpoint, options, wrong)


def test_an_interrupted_addition_goes_on_exactly(trained, adding):
    checkpoint = trained["flute", "violin"]
    average = {"average": 0.9}
    whole = adding(checkpoint, "oboe", "organ", output="whole", steps=6, optimiser=average)
    half = adding(checkpoint, "oboe", "organ", output="half", steps=3, optimiser=average)
    expected = _weights(train(whole, start=checkpoint, progress=False))
    train(half, start=checkpoint, progress=False)
    # Resumed, it needs its own checkpoint alone.
    found = _weights(train(msgspec.structs.replace(half, steps=6), progress=False))
    assert expected.keys() == found.keys()
    for name, weight in expected.items():
        assert torch.equal(found[name], weight), name


def test_a_network_of_one_domain_gets_a_classifier(trained, adding):
    checkpoint = trained["flute",]
    last = train(adding(checkpoint, "violin", steps=1), start=checkpoint, progress=False)
    network, info = load_network(last)
    assert network.classifier is not None
    # A later run of all domains together can begin from it.
    options = msgspec.structs.replace(info.settings, only=(), output=str(last.parent / "joint"))
    assert load_network(train(options, start=last, progress=False))[1].batches == 1


def test_one_domain_after_another_can_be_added(trained, adding):
    checkpoint = trained["flute", "violin"]
    first = train(adding(checkpoint, "oboe", steps=1), start=checkpoint, progress=False)
    second = train(adding(first, "organ", output="second", steps=1), start=first, progress=False)
    assert load_network(second)[0].domains == ("flute", "violin", "oboe", "organ")
    one, two = _weights(first), _weights(second)
    assert all(torch.equal(two[n], w) for n, w in one.items() if "decoders" in n or "enc" in n)


def test_frozen_parts_cost_no_gradient(adding, trained):
    options = adding(trained["flute", "violin"], "oboe")
    module = TrainingModule(msgspec.to_builtins(options), options.domains)
    assert module.players == 1 and len(module.configure_optimizers()[0].param_groups) == 1
    asked = {name for name, weight in module.named_parameters() if weight.requires_grad}
    assert asked and all(name.startswith("network.decoders.oboe.") for name in asked)
    alone = UniversalMusicTranslationNetwork(options.network_shape, ("oboe",)).decoders["oboe"]
    assert len(asked) == sum(weight.requires_grad for weight in alone.parameters())


def test_what_cannot_be_added_is_named(trained, adding, tmp_path, store):
    checkpoint = trained["flute", "violin"]
    with pytest.raises(UmtnError, match="'flute' twice"):
        adding_settings(checkpoint, ["flute"], store, tmp_path)
    with pytest.raises(UmtnError, match="'oboe' twice"):
        adding_settings(checkpoint, ["oboe", "oboe"], store, tmp_path)
    with pytest.raises(UmtnError, match="tuba"):
        train(adding(checkpoint, "tuba"), start=checkpoint, progress=False)
    with pytest.raises(UmtnError, match="name its checkpoint"):
        train(adding(checkpoint, "oboe"), progress=False)
    with pytest.raises(UmtnError, match="does not fit"):
        train(adding(checkpoint, "oboe"), start=trained["flute",], progress=False)
    wider = adding(checkpoint, "oboe", shape={"hop": 80})
    with pytest.raises(UmtnError, match="shape"):
        train(wider, start=checkpoint, progress=False)

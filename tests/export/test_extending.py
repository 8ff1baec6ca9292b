"""A bundle with added domains gives the old domains' output to the last bit."""

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="export needs torch")
pytest.importorskip("lightning", reason="training needs the train extra")

from export import export_checkpoint
from tests.export.tones import MACHINE, SHAPE, make_store
from umtn_core import Bundle, Translator, UmtnError
from umtn_core.bundle import amend_manifest
from umtn_core.bundle.scope import Scope
from umtn_core.training.adding import adding_settings
from umtn_core.training.settings import Settings
from umtn_core.training.train import train


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The bundle of flute and violin, and the checkpoint of a run that added the oboe."""
    folder = tmp_path_factory.mktemp("extending")
    old_store = make_store(folder / "old store", 0.3, "flute", "violin")
    values = {
        "preset": "small",
        "store": str(old_store), "output": str(folder / "old"), "shape": SHAPE, "steps": 2,
        "batch": 2, "segment": 480, "listen_every": 0, "machine": MACHINE,
        "optimiser": {"average": 0.9},
    }  # fmt: skip
    first = train(msgspec.convert(values, Settings).checked(), progress=False)
    bundle = export_checkpoint(
        first, folder / "two", name="Two", licence="CC-BY-4.0", training_data="tones",
        temperature=0.7, titles={"flute": "The flute"},
    )  # fmt: skip
    scope = Scope(lowest=60, highest=84, voices=1, material="tones")
    amend_manifest(bundle, quality={"pitch": 0.5}, scope=scope)
    store = make_store(folder / "new store", 0.1, "oboe")
    second = train(
        adding_settings(first, ["oboe"], store, folder / "new"), start=first, progress=False
    )
    return bundle, second


def test_the_old_domains_stay_to_the_last_bit(made, tmp_path):
    bundle, checkpoint = made
    path = export_checkpoint(checkpoint, tmp_path / "three", name="Three", extends=bundle)
    old, new = Bundle.open(bundle), Bundle.open(path)
    assert new.domains == ("flute", "violin", "oboe")
    assert old.manifest.files.items() < new.manifest.files.items()
    music = 0.2 * np.sin(np.arange(8_000) * 0.2)[None].astype(np.float32)
    for domain in old.domains:
        before, after = (
            Translator(which, domain, engine="onnx")(music, 16_000) for which in (bundle, path)
        )
        np.testing.assert_array_equal(before, after)
    assert np.abs(Translator(path, "oboe", engine="onnx")(music, 16_000)).max() > 0


def test_the_manifest_says_what_the_old_one_said_and_more(made, tmp_path):
    bundle, checkpoint = made
    path = export_checkpoint(
        checkpoint, tmp_path / "three", name="Three", extends=bundle,
        training_data="tones, and an oboe's", titles={"oboe": "The oboe"},
    )  # fmt: skip
    old, new = Bundle.open(bundle).manifest, Bundle.open(path).manifest
    same = ("licence", "temperature", "reference_loudness", "quality", "shape", "context", "scope")
    for name in same:
        assert getattr(new, name) == getattr(old, name)
    assert new.training_data == "tones, and an oboe's"
    if new.precisions is not None:  # there is a C++ compiler
        for precision, losses in new.precisions.losses.items():
            assert old.precisions.losses[precision].items() < losses.items()
    assert [d.title for d in new.domains] == ["The flute", None, "The oboe"]
    assert [s.source for s in new.sources] == ["flute tone", "oboe tone", "violin tone"]


def test_the_same_graphs_come_without_the_old_bundle(made, tmp_path):
    """Where the store holds all domains, an export from the checkpoint alone is as good."""
    bundle, checkpoint = made
    whole = make_store(tmp_path / "store", 0.2, "flute", "violin", "oboe")
    path = export_checkpoint(checkpoint, tmp_path / "three", name="Three", store=whole)
    old, new = Bundle.open(bundle).manifest, Bundle.open(path).manifest
    assert old.files.items() < new.files.items()
    assert new.licence == new.training_data == "not stated"


def test_another_network_s_bundle_is_refused(made, tmp_path):
    bundle, checkpoint = made
    content = torch.load(checkpoint, weights_only=True)
    content["state_dict"]["network.encoder.conv_1x1.weight"] += 0.1
    torch.save(content, tmp_path / "other.ckpt")
    with pytest.raises(UmtnError, match="not those of the extended bundle"):
        export_checkpoint(tmp_path / "other.ckpt", tmp_path / "a", name="A", extends=bundle)
    three = export_checkpoint(checkpoint, tmp_path / "three", name="Three", extends=bundle)
    first = bundle.parent / "old" / "last.ckpt"
    with pytest.raises(UmtnError, match="lacks that one's domain 'oboe'"):
        export_checkpoint(first, tmp_path / "b", name="B", extends=three)
    assert not (tmp_path / "a").exists() and not (tmp_path / "b").exists()

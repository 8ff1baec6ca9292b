"""Post-filters in bundles: exported as PyTorch has them, kept when a bundle is extended."""

import json

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="export needs torch")

from click.testing import CliRunner

from bridge.cli.main import umtn
from export import Description, export_network, parity
from export.export import bundle_graphs, export_checkpoint
from tests.export.conftest import SHAPES
from tests.export.tones import MACHINE, SHAPE, make_store
from umtn_core import Bundle, Translator, UmtnError
from umtn_core.networks import UniversalMusicTranslationNetwork
from umtn_core.networks.postfilter import PostfilterNetwork
from umtn_core.postfilter_shape import PostfilterShape
from umtn_core.training.postfilter_file import Postfilters, write_postfilters

DESCRIPTION = Description("Test", "CC0-1.0", "none", -20.0)


def postfilter(rate=16_000, seed=0):
    torch.manual_seed(seed)
    network = PostfilterNetwork(PostfilterShape.at_rate(rate))
    torch.nn.init.normal_(network.last.weight, 0, 0.5)
    return network.eval()


@pytest.fixture
def network():
    torch.manual_seed(0)
    return UniversalMusicTranslationNetwork(SHAPES["small"], ("flute", "violin")).eval()


def test_what_is_exported_is_what_pytorch_does(network, music, tmp_path):
    filters = {"violin": postfilter()}
    path = export_network(network, tmp_path / "m", DESCRIPTION, *music, postfilters=filters)
    bundle = Bundle.open(path)
    assert bundle.postfilter("flute") is None
    graph, shape = bundle.postfilter("violin")
    assert shape == filters["violin"].shape
    assert bundle.contents("postfilter.violin.onnx") == graph
    assert list(bundle.manifest.parity["postfilters"]) == ["violin"]
    assert bundle.manifest.parity["postfilters"]["violin"] < 1e-5
    audio, rate = music
    for domain, differs in (("flute", False), ("violin", True)):
        on, off = (
            Translator(bundle, domain, engine="onnx", postfilter=wanted)(audio[:, :5000], rate)
            for wanted in (True, False)
        )
        assert np.array_equal(on, off) != differs


def test_a_bundle_without_says_nothing_of_it(network, music, tmp_path):
    path = export_network(network, tmp_path / "m", DESCRIPTION, *music)
    assert "postfilter" not in (path / "manifest.json").read_text()
    assert set(Bundle.open(path).manifest.files) == set(bundle_graphs(network))


def test_a_difference_is_refused_and_nothing_written(network, music, tmp_path, monkeypatch):
    filters = {"violin": postfilter()}

    def measure(*arguments):
        with torch.no_grad():
            filters["violin"].layers[2].weight.add_(0.01)
        return parity.measure(*arguments)

    monkeypatch.setattr("export.export.measure", measure)
    with pytest.raises(UmtnError, match="differ from the network"):
        export_network(network, tmp_path / "m", DESCRIPTION, *music, postfilters=filters)
    assert not (tmp_path / "m").exists()


def test_a_bundle_whose_post_filter_is_not_as_said_is_refused(network, music, tmp_path):
    filters = {"violin": postfilter()}
    path = export_network(network, tmp_path / "m", DESCRIPTION, *music, postfilters=filters)
    said = json.loads((path / "manifest.json").read_text())

    def refused(words, **shape):
        spoilt = json.loads(json.dumps(said))
        spoilt["domains"][1]["postfilter"] |= shape
        (path / "manifest.json").write_text(json.dumps(spoilt))
        with pytest.raises(UmtnError, match=words):
            Bundle.open(path)

    refused("postfilter.violin.onnx", bins=400)
    refused("not valid", window=100)
    (path / "manifest.json").write_text(json.dumps(said))
    (path / "postfilter.violin.onnx").unlink()
    with pytest.raises(UmtnError, match=r"has no postfilter\.violin\.onnx"):
        Bundle.open(path)


# From checkpoints.


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The checkpoints of a run on flute and violin, and of one that added the oboe."""
    pytest.importorskip("lightning", reason="training needs the train extra")
    from umtn_core.training.adding import adding_settings
    from umtn_core.training.settings import Settings
    from umtn_core.training.train import train

    folder = tmp_path_factory.mktemp("filtered")
    values = {
        "preset": "small", "store": str(make_store(folder / "a", 0.3, "flute", "violin")),
        "output": str(folder / "old"), "shape": SHAPE, "steps": 1, "batch": 2, "segment": 480,
        "listen_every": 0, "machine": MACHINE,
    }  # fmt: skip
    first = train(msgspec.convert(values, Settings).checked(), progress=False)
    added = adding_settings(first, ["oboe"], make_store(folder / "b", 0.3, "oboe"), folder / "new")
    return first, train(added, start=first, progress=False)


@pytest.fixture
def filters_file(tmp_path):
    """Write post-filters to a file: ``filters_file("flute", rate=16_000, seed=0)``."""

    def write(*domains, rate=16_000, seed=0):
        file = tmp_path / "filters.pt"
        networks = {domain: postfilter(rate, seed) for domain in domains}
        write_postfilters(file, Postfilters(rate, networks, {}))
        return file

    return write


def test_a_checkpoint_takes_those_that_the_file_has(made, filters_file, tmp_path):
    file = filters_file("violin", "tuba")
    path = export_checkpoint(made[0], tmp_path / "m", name="M", postfilter=file)
    filtered = [d.name for d in Bundle.open(path).manifest.domains if d.postfilter is not None]
    assert filtered == ["violin"]


def test_an_extended_bundle_keeps_its_own(made, filters_file, tmp_path):
    two = export_checkpoint(made[0], tmp_path / "2", name="2", postfilter=filters_file("violin"))
    old = Bundle.open(two)
    kept = export_checkpoint(made[1], tmp_path / "3", name="3", extends=two)
    new = Bundle.open(kept)
    assert new.postfilter("violin") == old.postfilter("violin")
    assert new.postfilter("oboe") is None
    every = filters_file("flute", "violin", "oboe", seed=1)
    more = Bundle.open(
        export_checkpoint(made[1], tmp_path / "4", name="4", extends=two, postfilter=every)
    )
    assert more.postfilter("violin") == old.postfilter("violin")
    assert more.postfilter("flute") is None
    assert more.postfilter("oboe")[0] != old.postfilter("violin")[0]
    music = 0.2 * np.sin(np.arange(8_000) * 0.2)[None].astype(np.float32)
    before, after = (
        Translator(which, "violin", engine="onnx")(music, 16_000) for which in (old, more)
    )
    np.testing.assert_array_equal(before, after)


def test_post_filters_that_do_not_fit_are_refused(made, filters_file, tmp_path):
    def export(file):
        return CliRunner().invoke(
            umtn, ["export", str(made[0]), "-o", str(tmp_path / "m"), "--postfilter", str(file)]
        )

    def refused(file, words):
        result = export(file)
        assert result.exit_code == 1
        assert words in result.stderr and len(result.stderr.splitlines()) == 1
        assert not (tmp_path / "m").exists()

    refused(filters_file("violin", rate=32_000), "at 32000 Hz, but the network makes 16000 Hz")
    refused(filters_file("tuba"), "post-filters for tuba, but they would be for flute, violin")
    refused(made[0], "holds no post-filters")
    assert export(filters_file("flute")).exit_code == 0

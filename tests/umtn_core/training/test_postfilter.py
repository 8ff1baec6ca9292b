"""Training of post-filters: a little of it takes noise out, and what is amiss is said."""

import itertools
import time

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from umtn_core.data.files import write_audio
from umtn_core.data.store import FileEntry, Index, Store, write_index
from umtn_core.errors import UmtnError
from umtn_core.networks.postfilter import PostfilterNetwork
from umtn_core.postfilter import frames_of, magnitude_scale
from umtn_core.postfilter_shape import PostfilterShape
from umtn_core.training.postfilter import (
    CLIPS,
    Clips,
    judged,
    spectra,
    train_network,
    train_postfilters,
)
from umtn_core.training.postfilter_file import Postfilters, read_postfilters, write_postfilters

RATE = 8_000


def tones(seconds, seed):
    """Notes of half a second with a few harmonics."""
    random = np.random.default_rng(seed)
    time = np.arange(RATE // 2) / RATE
    notes = []
    for _ in range(round(2 * seconds)):
        pitch = 220 * 2 ** (random.integers(0, 24) / 12)
        waves = [np.sin(2 * np.pi * pitch * h * time) / h for h in range(1, 6)]
        notes.append(0.2 * sum(waves) * np.exp(-2 * time))
    return np.concatenate(notes)


def make_store(path, seconds, held_out=10.0):
    entries = []
    for domain, seed in (("flute", 1), ("violin", 2)):
        for split, length in (("train", seconds), ("valid", held_out)):
            if not length:
                continue
            name = f"audio/{domain}/{split}.npy"
            samples = write_audio(path / name, tones(length, seed))
            entries.append(
                FileEntry(
                    domain=domain, split=split, path=name, samples=samples, source="tones",
                    licence="CC0",
                )
            )  # fmt: skip
    write_index(path, Index(files=entries, sample_rate=RATE))
    return path


@pytest.fixture(scope="module")
def tone_store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("tones"), 20.0)


def test_a_hundred_steps_take_noise_out_of_held_out_tones(tone_store):
    store = Store.open(tone_store)
    clips = Clips(store, "flute", "train")
    before = judged(PostfilterNetwork(clips.shape).eval(), store, "flute")
    network, steps = train_network(clips, 100, clock=itertools.count().__next__)
    after = judged(network, store, "flute")
    assert steps == 100
    assert after == judged(network, store, "flute")
    assert before.left > 0.9 and after.left < 0.6


@pytest.mark.long
def test_a_minute_takes_most_of_the_error_away(tone_store):
    store = Store.open(tone_store)
    network, _ = train_network(Clips(store, "violin", "train"), 60.0, clock=time.process_time)
    found = judged(network, store, "violin")
    assert found.left < 0.35
    assert found.removed_db > 3


def test_all_domains_are_written_to_a_file_that_export_can_read(tone_store, tmp_path):
    said, shares = [], []
    made = train_postfilters(
        tone_store, tmp_path / "filters.pt", minutes=0.005, seed=3, say=said.append,
        progress=lambda domain, share: shares.append((domain, share)),
    )  # fmt: skip
    read = read_postfilters(tmp_path / "filters.pt")
    assert read.sample_rate == RATE
    assert read.settings == {"seed": 3, "minutes": 0.005}
    assert list(read.networks) == ["flute", "violin"] == [line.split(":")[0] for line in said]
    assert all("dB of the noise" in line for line in said)
    assert shares[-1] == ("violin", 1.0)
    magnitudes = torch.rand(1, 257, 9)
    for domain, network in made.networks.items():
        assert torch.equal(network(magnitudes), read.networks[domain](magnitudes))


def test_a_domain_s_clips_are_its_own_whichever_others_are_trained(tone_store, tmp_path):
    """After one step, weights are the same alone and beside others."""
    together = train_postfilters(tone_store, tmp_path / "both.pt", minutes=1e-9)
    alone = train_postfilters(tone_store, tmp_path / "one.pt", domains=["violin"], minutes=1e-9)
    other = train_postfilters(
        tone_store, tmp_path / "2.pt", domains=["violin"], minutes=1e-9, seed=1
    )
    assert list(alone.networks) == ["violin"]
    one, both, seeded = (
        each.networks["violin"].state_dict()["first.weight"] for each in (alone, together, other)
    )
    assert torch.equal(one, both) and not torch.equal(one, seeded)


def test_clips_differ_and_are_as_long_as_frames_ask_for(tone_store):
    noisy, clean = Clips(Store.open(tone_store), "flute", "train").draw(
        CLIPS, np.random.default_rng(0)
    )
    assert noisy.shape == clean.shape == (CLIPS, 64 * 256)
    assert len({each.tobytes() for each in clean}) == CLIPS
    assert (np.abs(noisy - clean).max(1) > 0).all()


def test_spectra_are_those_of_the_run_time(tone_store):
    shape = PostfilterShape.at_rate(RATE)
    audio = np.random.default_rng(0).normal(0, 0.1, 10 * shape.hop).astype(np.float32)
    found = spectra(torch.from_numpy(audio)[None], shape)[0].numpy()
    # The run time's first frame begins before the audio, and its last ends behind it.
    expected = frames_of(audio, shape, 1, 10)[:, : shape.bins] * magnitude_scale(shape)
    np.testing.assert_allclose(found, expected.T, atol=1e-6)


def test_a_domain_that_is_not_held_out_is_not_judged(tmp_path):
    store = make_store(tmp_path / "store", 10.0, held_out=0)
    said = []
    train_postfilters(store, tmp_path / "f.pt", domains=["flute"], minutes=1e-9, say=said.append)
    assert said[0].endswith("the store holds no audio out to judge it by")


def test_what_cannot_be_trained_is_said_before_anything_is(tone_store, tmp_path):
    place = tmp_path / "f.pt"
    with pytest.raises(UmtnError, match="no domain 'oboe'"):
        train_postfilters(tone_store, place, domains=["flute", "oboe"])
    with pytest.raises(UmtnError, match=r"has 4\.0 seconds of flute to learn from.* needs 10"):
        train_postfilters(make_store(tmp_path / "short", 4.0), place)
    with pytest.raises(UmtnError, match="no data store"):
        train_postfilters(tmp_path / "nowhere", place)
    write_index(tmp_path / "empty", Index())
    with pytest.raises(UmtnError, match="no audio to learn from"):
        train_postfilters(tmp_path / "empty", place)
    assert not place.exists()


def test_what_is_there_is_replaced_only_when_asked(tone_store, tmp_path):
    place = tmp_path / "f.pt"
    place.write_text("mine")
    with pytest.raises(UmtnError, match="exists already"):
        train_postfilters(tone_store, place, minutes=1e-9)
    assert place.read_text() == "mine"
    train_postfilters(tone_store, place, minutes=1e-9, overwrite=True)
    assert len(read_postfilters(place).networks) == 2


@pytest.mark.parametrize("domain", ["flute", "violin"])
def test_stopping_leaves_no_file(tone_store, tmp_path, domain):
    def stop(now, share):
        if now == domain:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_postfilters(tone_store, tmp_path / "f.pt", minutes=1e-9, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_files_that_hold_no_post_filters_are_refused(tmp_path):
    with pytest.raises(UmtnError, match="no file"):
        read_postfilters(tmp_path / "none.pt")
    file = tmp_path / "f.pt"
    shape = PostfilterShape(window=64, bins=33)
    write_postfilters(file, Postfilters(RATE, {"a": PostfilterNetwork(shape)}, {}))
    good = torch.load(file, weights_only=True)
    assert read_postfilters(file).networks["a"].shape == shape
    for change in (
        {"kind": "another"},
        {"domains": {"a": good["domains"]["a"] | {"shape": {"window": 64, "bins": 40}}}},
        {"domains": {"a": good["domains"]["a"] | {"weights": {}}}},
    ):
        torch.save(good | change, file)
        with pytest.raises(UmtnError, match="holds no post-filters"):
            read_postfilters(file)
    file.write_bytes(b"RIFF")
    with pytest.raises(UmtnError, match="holds no post-filters"):
        read_postfilters(file)

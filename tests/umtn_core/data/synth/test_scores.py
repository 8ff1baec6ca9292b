import pytest

pytest.importorskip("music21", reason="scores need the train extra")

from umtn_core.data.synth import scores as module
from umtn_core.data.synth.scores import COLLECTIONS, CORPUS_STATEMENT, load_scores
from umtn_core.errors import UmtnError


def test_real_tunes_are_read_and_cached(score_cache, monkeypatch):
    seen = []
    tunes, unread = load_scores(
        ["ryans"], max_pieces=24, cache=score_cache, progress=lambda *args: seen.append(args)
    )
    assert len(tunes) + len(unread) == 24 and len(tunes) >= 20
    for tune in tunes:
        assert tune.name.startswith("ryans/") and tune.licence == CORPUS_STATEMENT
        assert all(n.duration > 0 and 40 <= n.pitch <= 100 for n in tune.notes)
    monkeypatch.setattr(module, "parse_file", lambda *args: pytest.fail("parsed again"))
    assert load_scores(["ryans"], max_pieces=24, cache=score_cache) == (tunes, unread)


def test_a_damaged_cache_is_made_again(tmp_path):
    tunes, _ = load_scores(["ryans"], max_pieces=2, cache=tmp_path)
    for file in tmp_path.rglob("*.json"):
        file.write_bytes(file.read_bytes()[:50])
    assert load_scores(["ryans"], max_pieces=2, cache=tmp_path)[0] == tunes


def test_a_bach_chorale_has_four_voices(tmp_path):
    (chorale,), _ = load_scores(["bach"], max_pieces=1, cache=tmp_path)
    onsets = [n.onset for n in chorale.notes]
    assert max(onsets.count(onset) for onset in set(onsets)) >= 3


def test_the_essen_songs_say_that_they_are_not_for_commerce():
    assert "non-commercial" in COLLECTIONS["essen"].licence


def test_palestrina_is_not_to_be_had(tmp_path):
    assert not any("palestrina" in c.folder for c in COLLECTIONS.values())
    with pytest.raises(UmtnError, match="no score collection 'palestrina'"):
        load_scores(["palestrina"], cache=tmp_path)


def test_without_music21_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UmtnError, match="umtn\\[train\\]"):
        load_scores(["ryans"], cache=tmp_path)

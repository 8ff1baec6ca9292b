import msgspec
import numpy as np
import pytest

from umtn_core.data.synth.casting import generator, make_plan
from umtn_core.data.synth.recipe import Domain, ExpressionSettings, Instruments
from umtn_core.errors import UmtnError


@pytest.fixture
def scores(tune):
    return [tune(seed) for seed in range(60)]


def by_domain(plan):
    found = {}
    for piece in plan:
        found.setdefault(piece.domain, []).append(piece)
    return found


def test_no_score_serves_twice_and_every_domain_has_its_minutes(recipe, scores):
    plan = make_plan(recipe(minutes=1.0, pairs=4), scores)
    names = [piece.score.name for piece in plan]
    assert len(names) == len(set(names)) == len({piece.name for piece in plan})
    found = by_domain(plan)
    assert found.keys() == {"flute", "violin", None}
    for domain in ("flute", "violin"):
        seconds = [p.performance.seconds for p in found[domain]]
        assert 60 <= sum(seconds) < 66 and min(seconds) >= 3 and max(seconds) <= 6
        assert {p.split for p in found[domain]} == {"train", "valid", "test"}


def test_relatives_are_never_apart(recipe, tune):
    # Every tune in two books; so many minutes that relatives are needed.
    scores = [tune(s, name=f"one/{s}") for s in range(40)]
    scores += [tune(s, name=f"two/{s}", title=f"Otherwise {s}") for s in range(40)]
    plan = make_plan(recipe(minutes=2.2, pairs=4), scores)
    where = {}
    for piece in plan:
        where.setdefault(piece.score.name[4:], set()).add((piece.domain, piece.split))
    assert all(len(places) == 1 for places in where.values())
    assert len(plan) > len(where)  # relatives were used indeed


def test_pairs_are_held_out_halved_and_fit_all_ranges(recipe, scores):
    wanted = recipe(pairs=6)
    domains = dict(wanted.domains)
    domains["violin"] = msgspec.structs.replace(domains["violin"], pitch=(55, 76))
    plan = make_plan(msgspec.structs.replace(wanted, domains=domains), scores)
    pairs = by_domain(plan)[None]
    assert [p.split for p in pairs] == ["valid", "test"] * 3
    for piece in pairs:
        assert all(60 <= n.pitch <= 76 for n in piece.performance.notes)
        assert 1.5 <= piece.performance.seconds <= 3


def test_the_plan_is_decided_by_seed_and_not_by_the_order_of_scores(recipe, scores):
    assert make_plan(recipe(), scores) == make_plan(recipe(), scores[::-1])
    assert make_plan(recipe(), scores) != make_plan(recipe(seed=1), scores)


def test_more_minutes_keep_what_was_there(recipe, scores):
    few = {(p.domain, p.name): p.performance for p in make_plan(recipe(minutes=0.3), scores)}
    more = {(p.domain, p.name): p.performance for p in make_plan(recipe(minutes=0.9), scores)}
    assert few.items() <= more.items() and len(more) > len(few)


def test_minutes_decide_the_shares(recipe, scores):
    domains = {
        "flute": Domain(programs=[73], minutes=2.0),
        "violin": Domain(programs=[40], minutes=0.5),
    }
    found = by_domain(make_plan(recipe(domains=domains), scores))
    assert len(found["flute"]) > 3 * len(found["violin"])


def test_programs_are_drawn_from_those_given(recipe, scores):
    domains = {"organ": Domain(programs=[19, 20], minutes=2.0)}
    plan = make_plan(recipe(domains=domains, pairs=0), scores)
    assert {p.program for p in plan} == {19, 20}


def test_makes_are_drawn_from_all_soundfonts(recipe, scores):
    makes = [Instruments(font="A", programs=[19, 20]), Instruments(font="B", programs=[19])]
    domains = {"organ": Domain(soundfonts=makes, minutes=2.0)}
    plan = make_plan(recipe(domains=domains, pairs=0), scores)
    assert {(p.font, p.program) for p in plan} == {("A", 19), ("A", 20), ("B", 19)}


def test_expression_comes_on_top_of_the_same_notes(recipe, scores):
    domains = {"violin": Domain(programs=[40], minutes=1.0, abilities=["bend", "swell"])}
    plain = make_plan(recipe(domains=domains), scores)
    played = make_plan(recipe(domains=domains, expression=ExpressionSettings()), scores)
    for one, other in zip(plain, played, strict=True):
        assert one.performance.notes == other.performance.notes
        assert one.performance.curves is None and other.performance.curves is not None
    assert any(np.ptp(piece.performance.curves.bend) > 0 for piece in played)
    pianos = {"piano": Domain(programs=[0], minutes=1.0)}
    piano = make_plan(recipe(domains=pianos, pairs=0, expression=ExpressionSettings()), scores)
    assert all(np.ptp(piece.performance.curves.bend) == 0 for piece in piano)


def test_polyphony_keeps_its_voices(recipe, tune):
    scores = [tune(s, voices=3) for s in range(12)]
    domains = {"piano": Domain(programs=[0], minutes=0.4, pitch=(36, 96))}
    plan = make_plan(recipe(domains=domains, pairs=0, scope="poly"), scores)
    events = [(n.start, n.end) for n in plan[0].performance.notes]
    sounding = [sum(a <= t < b for a, b in events) for t in np.arange(0.5, 2.5, 0.1)]
    assert max(sounding) == 3


def test_too_few_scores_are_said(recipe, scores):
    with pytest.raises(UmtnError, match="minutes for the domain flute"):
        make_plan(recipe(minutes=60), scores)
    with pytest.raises(UmtnError, match="Only 3 of the 9 held-out"):
        make_plan(recipe(pairs=9), scores[:3])


def test_ranges_that_share_nothing_cannot_make_pairs(recipe, scores):
    domains = {
        "bass": Domain(programs=[32], minutes=0.2, pitch=(28, 60)),
        "flute": Domain(programs=[73], minutes=0.2, pitch=(60, 84)),
    }
    with pytest.raises(UmtnError, match="less than an octave"):
        make_plan(recipe(domains=domains), scores)
    plan = make_plan(recipe(domains=domains, pairs=0), scores)
    assert None not in by_domain(plan)


def test_generators_are_told_apart_by_every_name(recipe):
    draws = {
        generator(recipe(seed=seed), *names).random()
        for seed in (0, 1)
        for names in (("a", "b"), ("ab",), ("a",), ("b", "a"))
    }
    assert len(draws) == 8

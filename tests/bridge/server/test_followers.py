"""Who is told of every job."""

from __future__ import annotations

from bridge.jobs import Job, RenderRequest
from bridge.server.followers import Followers


class Ear:
    """A place that answers go to."""

    def send(self, packet: bytes) -> None:
        raise AssertionError("nothing happens here")


def hearing(followers: Followers, ears: list[Ear]) -> list[Ear]:
    return [ear for ear in ears if followers.hears(ear)]


def test_the_longest_subscribed_gives_way() -> None:
    followers, ears = Followers(3), [Ear() for _ in range(5)]
    for ear in ears[:4]:
        followers.subscribe(ear, ear)
    assert hearing(followers, ears) == ears[1:4]
    followers.subscribe(ears[1], ears[1])  # again
    followers.subscribe(ears[4], ears[4])
    assert hearing(followers, ears) == [ears[1], ears[3], ears[4]]


def test_who_subscribes_many_places_pushes_out_his_own() -> None:
    followers, first, second, greedy = Followers(4), Ear(), Ear(), Ear()
    followers.subscribe(first, first)
    followers.subscribe(second, second)
    many = [Ear() for _ in range(50)]
    for ear in many:
        followers.subscribe(ear, greedy)
    assert hearing(followers, [first, second, *many]) == [first, second, *many[-2:]]


def test_who_leaves_is_told_nothing_nor_are_the_places_he_named() -> None:
    followers, leaving, place, other = Followers(9), Ear(), Ear(), Ear()
    followers.subscribe(leaving, leaving)
    followers.subscribe(place, leaving)
    followers.subscribe(other, other)
    followers.follow("a", leaving)
    followers.follow("a", other)
    followers.leave(leaving)
    assert hearing(followers, [leaving, place, other]) == [other]
    followers.leave(other)
    followers.tell(Job("a", RenderRequest("a", "/in.wav", "flute"), "done"))


def test_followers_of_jobs_hear_until_these_end() -> None:
    followers, ear, others = Followers(3), Ear(), [Ear() for _ in range(16)]
    followers.follow("a", ear)
    followers.follow("b", ear)
    assert followers.hears(ear) and followers.subscribers == 0
    for each in others:  # of a job, as many are told at most
        followers.follow("a", each)
    assert followers.hears(ear) and not followers.is_told("a", ear)
    followers.forget(ear)
    assert not followers.hears(ear)
    for each in others:
        followers.forget(each)
    assert not any(map(followers.hears, others))

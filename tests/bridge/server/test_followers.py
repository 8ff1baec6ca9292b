"""Who is told of every job."""

from __future__ import annotations

from bridge.server.followers import Followers


class Ear:
    """A place that answers go to."""

    def send(self, packet: bytes) -> None:
        raise AssertionError("nothing happens here")


def test_the_longest_subscribed_gives_way() -> None:
    followers, ears = Followers(3), [Ear() for _ in range(5)]
    for number, ear in enumerate(ears[:4]):
        followers.subscribe(ear, number)
    assert followers.hearing() == set(ears[1:4])
    followers.subscribe(ears[1], 1)  # again
    followers.subscribe(ears[4], 4)
    assert followers.hearing() == {ears[1], ears[3], ears[4]}


def test_who_subscribes_many_places_pushes_out_his_own() -> None:
    followers, first, second = Followers(4), Ear(), Ear()
    followers.subscribe(first, "one")
    followers.subscribe(second, "another")
    many = [Ear() for _ in range(50)]
    for ear in many:
        followers.subscribe(ear, "greedy")
    assert followers.hearing() == {first, second, *many[-2:]}


def test_followers_of_jobs_hear_too() -> None:
    followers, ear = Followers(3), Ear()
    followers.follow("a", ear)
    assert followers.hearing() == {ear} and followers.subscribers == 0
    followers.forget(ear)
    assert followers.hearing() == set()

from __future__ import annotations

import pytest

from bridge.server.access import Access, Bucket, Buckets, Refused, checked_token
from umtn_core.errors import UmtnError

TOKEN = "0123456789abcdef"


def test_other_machines_come_in_by_token_only() -> None:
    assert checked_token(None, "127.0.0.1") is None
    assert checked_token(None, "::1") is None
    assert checked_token(TOKEN, "0.0.0.0") == TOKEN
    for host in ("0.0.0.0", "192.168.1.2", "::", "studio.local"):
        with pytest.raises(UmtnError, match="--token"):
            checked_token(None, host)
    with pytest.raises(UmtnError, match="16 characters"):
        checked_token("short", "127.0.0.1")


def test_one_hosts_guesses_do_not_keep_another_out() -> None:
    access = Access(TOKEN, clock=lambda: 0.0)
    with pytest.raises(Refused):
        access.check("10.0.0.1", "guess")
    access.check("10.0.0.2", TOKEN)


def test_a_guesser_gets_few_guesses_in_a_day() -> None:
    now = [0.0]
    access = Access(TOKEN, clock=lambda: now[0])
    looked_at = 0
    while now[0] < 24 * 3600:
        with pytest.raises(Refused) as refused:
            access.check("10.0.0.1", "guess")
        looked_at += "The token is wrong" in str(refused.value)
        now[0] += 0.5
    assert looked_at < 320


def test_each_further_guess_waits_longer() -> None:
    now = [0.0]
    access = Access(TOKEN, clock=lambda: now[0])
    looked_at = 0
    while now[0] < 24 * 3600:
        with pytest.raises(Refused) as refused:
            access.check("10.0.0.1", f"guess {now[0]}")
        looked_at += "The token is wrong" in str(refused.value)
        now[0] += 0.5
    assert 280 < looked_at < 320


def test_who_repeats_an_old_token_keeps_no_other_of_the_machine_out() -> None:
    now = [0.0]
    access = Access(TOKEN, clock=lambda: now[0])
    for turn in range(100):
        with pytest.raises(Refused, match="wrong before" if turn else "token is wrong; wait 1 s"):
            access.check("10.0.0.1", "an old token of long ago")
        now[0] += 1.5
        access.check("10.0.0.1", TOKEN)


def test_guesses_from_invented_hosts_are_slowed_together() -> None:
    now = [0.0]
    access = Access(TOKEN, clock=lambda: now[0])
    looked_at = 0
    for number in range(10_000):
        with pytest.raises(Refused) as refused:
            access.check(f"host {number}", "guess")
        looked_at += "The token is wrong" in str(refused.value)
        now[0] += 0.001
    assert looked_at <= 20 * 10 + 21
    access.check("10.0.0.1", TOKEN)


def test_a_token_of_any_letters_is_compared() -> None:
    access = Access("gr\u00fcn und blau \u266b", clock=lambda: 0.0)
    access.check("a", "gr\u00fcn und blau \u266b")
    with pytest.raises(Refused):
        access.check("b", "\udcff")


def test_a_bucket_fills_with_time() -> None:
    now = [0.0]
    bucket = Bucket(10, 5, clock=lambda: now[0])
    assert [bucket.take() for _ in range(7)] == [True] * 5 + [False] * 2
    assert bucket.wait() == pytest.approx(0.1)
    now[0] += 0.25
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    now[0] += 100
    assert sum(bucket.take() for _ in range(10)) == 5
    assert all(Bucket(0, 0).take() for _ in range(100))


def test_buckets_of_hosts_are_not_kept_for_ever() -> None:
    buckets = Buckets(1, 1, clock=lambda: 0.0)
    assert buckets.of("a").take() and not buckets.of("a").take()
    for number in range(10_000):
        buckets.of(f"host {number}")
    assert len(buckets._hosts) <= 5_000

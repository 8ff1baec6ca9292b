"""Kills of the bridge, of its worker and of both, at random moments, among jobs and cancels.

Nothing is lost, nothing fails, what is done is right to the bit, and what is cancelled has no file.
"""

from __future__ import annotations

import contextlib
import random
import sys
import time
from collections import Counter
from dataclasses import replace

import psutil
import pytest

from bridge.jobs import RenderRequest
from tests.bridge.jobs.test_kills import SmallBridge, results, states

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kills by signals")

#: Jobs that wait or are rendered at a time, and regions that they are of, in seconds.
AT_A_TIME = 5
LENGTHS = (0.05, 0.2, 0.5, 3.0)
SEEDS = 3


class KilledBridge(SmallBridge):
    """A small bridge, and its worker."""

    def cancel(self, id):
        self.process.stdin.write(f"cancel {id}\n".encode())
        self.process.stdin.flush()
        answer = self.said()
        assert answer.startswith(f"{id} is "), answer
        return answer.removeprefix(f"{id} is ")

    def workers(self):
        with contextlib.suppress(psutil.Error):
            return psutil.Process(self.process.pid).children()
        return []

    def kill_workers(self):
        for worker in self.workers():
            with contextlib.suppress(psutil.Error):
                worker.kill()


def request(id, kind):
    return RenderRequest(
        id=id, input="in.wav", target="trumpet", output=f"{id}.wav",
        length=LENGTHS[kind % len(LENGTHS)], seed=kind // len(LENGTHS), segments=1,
    )  # fmt: skip


@pytest.mark.parametrize("kills", [8, pytest.param(500, marks=pytest.mark.long)])
def test_nothing_is_lost_or_fails_or_is_left(settings, music, tmp_path, kills):
    music(seconds=max(LENGTHS))
    kinds = range(len(LENGTHS) * SEEDS)
    alone = [request(f"alone{kind}", kind) for kind in kinds]
    undisturbed = KilledBridge(replace(settings, data_folder=tmp_path / "undisturbed"), 60.0)
    for each in alone:
        undisturbed.submit(each)
    undisturbed.end()
    expected = results(settings, alone)
    for each in alone:
        (settings.session_folder / each.output).unlink()

    rng = random.Random(17)
    asked, kind_of, answers, killed = {}, {}, {}, Counter()
    bridge = KilledBridge(settings, 0.1)
    while sum(killed.values()) < kills:
        under_way = [id for id in asked if not (settings.session_folder / f"{id}.wav").exists()]
        under_way = [id for id in under_way if answers.get(id) is None]
        for _ in range(AT_A_TIME - len(under_way)):
            id = f"job{len(asked)}"
            kind_of[id] = rng.choice(kinds)
            asked[id] = request(id, kind_of[id])
            bridge.submit(asked[id])
            under_way.append(id)
        time.sleep(rng.uniform(0, 1.5))
        if rng.random() < 0.3:
            id = rng.choice(under_way)
            answers[id] = bridge.cancel(id)
        whom = rng.choice(["worker", "worker", "bridge", "both"])
        if whom != "bridge":
            bridge.kill_workers()
        if whom != "worker":
            bridge.kill()
            bridge = KilledBridge(settings, 0.1)
            for id in rng.sample(sorted(asked), min(3, len(asked))):
                bridge.submit(asked[id])  # again: the state of the first one
        killed[whom] += 1
    bridge.end()

    ended = states(settings)
    made = results(settings, asked.values())
    print(f"kills: {dict(killed)}, jobs: {dict(Counter(ended.values()))}")
    assert ended.keys() == asked.keys(), "none is lost"
    assert set(ended.values()) <= {"done", "cancelled"}, "none fails"
    assert set(made) == {id for id, state in ended.items() if state == "done"}
    for id, contents in made.items():
        assert contents == expected[f"alone{kind_of[id]}"], f"the bytes of {id}"
    for id, answer in answers.items():
        assert ended[id] == answer, "as it was answered"
    names = {path.name for path in settings.session_folder.iterdir()}
    assert names == {"in.wav", *(f"{id}.wav" for id in made)}
    assert not [p for p in (settings.data_folder / "work").rglob("*") if p.is_file()]

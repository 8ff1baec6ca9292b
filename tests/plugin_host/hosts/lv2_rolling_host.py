"""An LV2 host by hand that rolls: says the time when it changes, or in every block, or roughly.

Words: the plugin, and blocks as [position or null, speed, how many]: the first of so many blocks
tells the position and speed, or each of them where ``every`` is set, off by ``jitter`` samples to
and fro. The input is a ramp of 2^-20 a sample, so that what was recorded says when. Prints the
state at the end.
"""

import json
import sys
import time

import numpy as np

from tests.plugin_host.hosts.lv2_plugin import Instance, Plugin, event, prop, urids

RATE = 48_000
words = json.loads(sys.argv[1])
FRAMES = words["frames"]
plugin = Plugin(words["plugin"], FRAMES)
instance = Instance(plugin, float(RATE))
played = 0


def position(frame: int, speed: float) -> bytes:
    return event(
        "time#Position",
        prop("time#frame", "Long", "=q", frame),
        prop("time#speed", "Float", "=f", speed),
        prop("time#beatsPerMinute", "Float", "=f", 120.0),
    )


def run(events: bytes, rolling: bool) -> None:
    global played
    for channel in instance.audio[:2]:
        channel[:] = np.arange(played, played + FRAMES) / 2**20 if rolling else [0] * FRAMES
    played += FRAMES if rolling else 0
    instance.run(events)
    time.sleep(FRAMES / RATE / words.get("faster", 4))


run(plugin.parameter("capture", 1.0), False)
for place, speed, blocks in words["blocks"]:
    for block in range(blocks):
        told = place is not None and (words.get("every") or block == 0)
        off = words.get("jitter", 0) * (block % 2)
        frame = place + round(block * FRAMES * speed) + off if told else 0
        run(position(frame, speed) if told else b"", speed != 0)
run(position(0, 0.0), False)
for _ in range(20):
    run(b"", False)


kept = instance.save()
instance.close()
names = {number: uri for uri, number in urids.items()}
print(json.dumps({names[key]: value[:-1].decode() for key, (value, _) in kept.items()}))

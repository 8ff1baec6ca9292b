"""Plays audio through the plugin in DawDreamer, pass after pass.

Takes JSON: plugin, audio (a .npy), rate, block, state (to load, or none), instances (of the plugin,
side by side, their outputs added), and passes. Each pass is a list of [parameter, value] that are
set before it; one of ["wait", file] waits until that file is there. Leaves pass-N.npy, and a file
N.passed as soon as a pass is over, in the working folder, and the first instance's state.bin.
"""

import json
import sys
import time
from pathlib import Path

import dawdreamer
import numpy as np

words = json.loads(sys.argv[1])
audio = np.load(words["audio"])
rate = words["rate"]
engine = dawdreamer.RenderEngine(rate, words["block"])
player = engine.make_playback_processor("audio", audio)
labels = [f"umtn {number}" for number in range(words.get("instances", 1))]
plugins = [engine.make_plugin_processor(label, words["plugin"]) for label in labels]
names = {entry["name"]: entry["index"] for entry in plugins[0].get_parameters_description()}
if words.get("state"):
    plugins[0].load_state(words["state"])
graph = [(player, []), *((plugin, ["audio"]) for plugin in plugins)]
if len(plugins) > 1:
    graph.append((engine.make_add_processor("sum", [1.0] * len(plugins)), labels))
engine.load_graph(graph)


def wait(path: Path) -> None:
    until = time.monotonic() + 100
    while not path.exists():
        if time.monotonic() > until:
            sys.exit(f"{path} does not come")
        time.sleep(0.05)


for number, settings in enumerate(words["passes"]):
    for name, value in settings:
        if name == "wait":
            wait(Path(value))
            continue
        for plugin in plugins:
            plugin.set_parameter(names[name], value)
    engine.render(audio.shape[1] / rate)
    np.save(f"pass-{number}.npy", engine.get_audio())
    Path(f"{number}.passed").touch()
plugins[0].save_state("state.bin")
print(json.dumps({"parameters": sorted(names)}))

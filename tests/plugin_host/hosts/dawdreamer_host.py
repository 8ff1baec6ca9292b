"""Plays audio through the plugin in DawDreamer, pass after pass.

Takes JSON: plugin, audio (a .npy), block, state (to load, or null), and passes, each a list of
[parameter, value] that are set before it. Leaves pass-N.npy and state.bin in the working folder.
"""

import json
import sys

import dawdreamer
import numpy as np

words = json.loads(sys.argv[1])
audio = np.load(words["audio"])
rate = words["rate"]
engine = dawdreamer.RenderEngine(rate, words["block"])
player = engine.make_playback_processor("audio", audio)
plugin = engine.make_plugin_processor("umtn", words["plugin"])
names = {entry["name"]: entry["index"] for entry in plugin.get_parameters_description()}
if words.get("state"):
    plugin.load_state(words["state"])
engine.load_graph([(player, []), (plugin, ["audio"])])
for number, settings in enumerate(words["passes"]):
    for name, value in settings:
        plugin.set_parameter(names[name], value)
    engine.render(audio.shape[1] / rate)
    np.save(f"pass-{number}.npy", engine.get_audio())
plugin.save_state("state.bin")
print(json.dumps({"parameters": sorted(names)}))

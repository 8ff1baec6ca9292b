"""What pedalboard sees of the plugin; arrays come back as .npy in the working folder."""

import json
import sys

import numpy as np
import pedalboard

words = json.loads(sys.argv[1])
plugin = pedalboard.load_plugin(words["plugin"])
parameters = {
    name: [str(value) for value in (p.raw_value, p.min_value, p.max_value)]
    for name, p in plugin.parameters.items()
}
audio = np.load(words["audio"])
answers: dict[str, object] = {"parameters": parameters, "latency": 0}

for name, settings in {
    "bypassed": {"bypass": True, "mix": 100.0},
    "untouched": {"bypass": False, "capture": True, "render": True},
}.items():
    for key, value in settings.items():
        if key == "mix":
            plugin.parameters["mix"].raw_value = 1.0
        else:
            setattr(plugin, key, value)
    np.save(f"{name}.npy", plugin(audio, 48_000, buffer_size=words["block"]))

plugin.parameters["mix"].raw_value = 0.25
plugin.parameters["variation"].raw_value = 0.5
plugin.audition = "Source"
plugin.channels = "mid"
plugin.parameters["transpose"].raw_value = 1.0
state = plugin.raw_state
plugin.parameters["mix"].raw_value = 0.75
plugin.parameters["variation"].raw_value = 0.0
plugin.audition = "Result"
plugin.channels = "auto"
plugin.parameters["transpose"].raw_value = 0.0
plugin.raw_state = state
answers["restored"] = {
    "mix": plugin.parameters["mix"].raw_value,
    "variation": plugin.parameters["variation"].raw_value,
    "audition": plugin.audition,
    "channels": plugin.channels,
    "transpose": str(plugin.transpose),
}
# No state of ours: nothing changes.
try:
    plugin.raw_state = b"VST3 nonsense" * 20
except Exception as error:
    answers["nonsense"] = str(error)
answers["after nonsense"] = plugin.parameters["mix"].raw_value
other = pedalboard.load_plugin(words["plugin"])
other.raw_state = state
answers["in another"] = other.parameters["mix"].raw_value
print(json.dumps(answers))

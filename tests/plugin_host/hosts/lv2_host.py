"""An LV2 host by hand: gives parameters, saves and restores, and reads what the plugin says then.

An LV2's parameters are patch properties: what a state brought back, the plugin tells its host in
the messages of its next block. Prints the parameters as they were given (``set``), as they were
told after the restore by the same instance (``same``) and by a fresh one (``fresh``), and whether
both save the state that they were given byte for byte (``saved``).
"""

import json
import random
import struct
import sys

from tests.plugin_host.hosts.lv2_plugin import LV2, Instance, Plugin, urid

words = json.loads(sys.argv[1])
plugin = Plugin(words["plugin"], 64)

ATOM = {name: urid(LV2 + "atom#" + name) for name in ("Object", "Float")}
PATCH = {name: urid(LV2 + "patch#" + name) for name in ("Set", "property")}
NAMES = {urid(f"{plugin.uri}:{name}"): name for name in words["parameters"]}


def read_sets(buffer: bytes) -> dict[str, float]:
    """Return the parameters that a sequence sets."""
    (size,) = struct.unpack_from("=I", buffer)
    found, at, end = {}, 16, 8 + size
    while at < end:
        _, length, kind = struct.unpack_from("=qII", buffer, at)
        body = buffer[at + 16 : at + 16 + length]
        at += 16 + (length + 7) // 8 * 8
        if kind != ATOM["Object"] or struct.unpack_from("=II", body)[1] != PATCH["Set"]:
            continue
        key, _, _, _, which = struct.unpack_from("=IIIII", body, 8)
        _, _, _, form, value = struct.unpack_from("=IIIIf", body, 32)
        assert key == PATCH["property"] and form == ATOM["Float"]
        if which in NAMES:
            found[NAMES[which]] = value
    return found


chance = random.Random(words["seed"])


def some_values() -> dict[str, float]:
    """Draw a value of each parameter, on its steps."""
    return {
        name: round(chance.uniform(low, high) / step) * step
        for name, (low, high, step) in words["parameters"].items()
    }


def give(instance: Instance, values: dict[str, float]) -> None:
    instance.run(b"".join(plugin.parameter(name, value) for name, value in values.items()))
    instance.run()


first = Instance(plugin, 48000.0)
values = some_values()
give(first, values)
kept = first.save()
give(first, some_values())
first.restore(kept)
same = read_sets(first.run())
saved = [first.save() == kept]
first.close()
another = Instance(plugin, 48000.0)
another.restore(kept)
fresh = read_sets(another.run())
saved.append(another.save() == kept)
another.close()
print(json.dumps({"set": values, "same": same, "fresh": fresh, "saved": saved}))

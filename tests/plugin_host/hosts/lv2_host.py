"""An LV2 host by hand: gives parameters, saves and restores, and reads what the plugin says then.

An LV2's parameters are patch properties: what a state brought back, the plugin tells its host in
the messages of its next block. Prints the parameters as they were given (``set``), as they were
told after the restore by the same instance (``same``) and by a fresh one (``fresh``), and whether
both save the state that they were given byte for byte (``saved``).
"""

import ctypes as c
import json
import random
import struct
import sys

LV2 = "http://lv2plug.in/ns/"
FRAMES = 64
ATOM_ROOM = 16384
words = json.loads(sys.argv[1])
library = c.CDLL(f"{words['plugin']}/libumtn.so")

urids: dict[str, int] = {}


def urid(uri: str) -> int:
    return urids.setdefault(uri, len(urids) + 1)


MapFunction = c.CFUNCTYPE(c.c_uint32, c.c_void_p, c.c_char_p)
StoreFunction = c.CFUNCTYPE(
    c.c_int, c.c_void_p, c.c_uint32, c.c_void_p, c.c_size_t, c.c_uint32, c.c_uint32
)
RetrieveFunction = c.CFUNCTYPE(
    c.c_void_p, c.c_void_p, c.c_uint32,
    c.POINTER(c.c_size_t), c.POINTER(c.c_uint32), c.POINTER(c.c_uint32),
)  # fmt: skip


class Map(c.Structure):
    _fields_ = [("handle", c.c_void_p), ("map", MapFunction)]


class Feature(c.Structure):
    _fields_ = [("uri", c.c_char_p), ("data", c.c_void_p)]


class Option(c.Structure):
    _fields_ = [
        ("context", c.c_int), ("subject", c.c_uint32), ("key", c.c_uint32),
        ("size", c.c_uint32), ("type", c.c_uint32), ("value", c.c_void_p),
    ]  # fmt: skip


class Descriptor(c.Structure):
    _fields_ = [
        ("uri", c.c_char_p),
        ("instantiate", c.CFUNCTYPE(c.c_void_p, c.c_void_p, c.c_double, c.c_char_p, c.c_void_p)),
        ("connect_port", c.CFUNCTYPE(None, c.c_void_p, c.c_uint32, c.c_void_p)),
        ("activate", c.CFUNCTYPE(None, c.c_void_p)),
        ("run", c.CFUNCTYPE(None, c.c_void_p, c.c_uint32)),
        ("deactivate", c.CFUNCTYPE(None, c.c_void_p)),
        ("cleanup", c.CFUNCTYPE(None, c.c_void_p)),
        ("extension_data", c.CFUNCTYPE(c.c_void_p, c.c_char_p)),
    ]


class StateInterface(c.Structure):
    _fields_ = [
        ("save", c.CFUNCTYPE(
            c.c_int, c.c_void_p, StoreFunction, c.c_void_p, c.c_uint32, c.c_void_p)),
        ("restore", c.CFUNCTYPE(
            c.c_int, c.c_void_p, RetrieveFunction, c.c_void_p, c.c_uint32, c.c_void_p)),
    ]  # fmt: skip


the_map = Map(None, MapFunction(lambda _, uri: urid(uri.decode())))
block_length = c.c_int32(FRAMES)
options = (Option * 2)(
    Option(0, 0, urid(LV2 + "ext/buf-size#maxBlockLength"), 4, urid(LV2 + "ext/atom#Int"),
           c.cast(c.pointer(block_length), c.c_void_p)),
)  # fmt: skip
features = (c.POINTER(Feature) * 4)(
    c.pointer(Feature((LV2 + "ext/urid#map").encode(), c.cast(c.pointer(the_map), c.c_void_p))),
    c.pointer(Feature((LV2 + "ext/options#options").encode(), c.cast(options, c.c_void_p))),
    c.pointer(Feature((LV2 + "ext/buf-size#boundedBlockLength").encode(), None)),
)
library.lv2_descriptor.restype = c.POINTER(Descriptor)
descriptor = library.lv2_descriptor(0).contents
uri = descriptor.uri.decode()

ATOM = {name: urid(LV2 + "ext/atom#" + name) for name in ("Sequence", "Object", "URID", "Float")}
PATCH = {name: urid(LV2 + "ext/patch#" + name) for name in ("Set", "property", "value")}
NAMES = {urid(f"{uri}:{name}"): name for name in words["parameters"]}


def patch_set(name: str, value: float) -> bytes:
    """Return an event at the block's first frame."""
    body = struct.pack("=II", 0, PATCH["Set"])
    body += struct.pack("=IIIIII", PATCH["property"], 0, 4, ATOM["URID"], urid(f"{uri}:{name}"), 0)
    body += struct.pack("=IIIIfI", PATCH["value"], 0, 4, ATOM["Float"], value, 0)
    return struct.pack("=qII", 0, len(body), ATOM["Object"]) + body


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


class Instance:
    """One of the plugin, with all its ports."""

    def __init__(self) -> None:
        self.handle = descriptor.instantiate(
            c.addressof(descriptor), 48000.0, words["plugin"].encode() + b"/", c.addressof(features)
        )
        assert self.handle
        self.audio = [(c.c_float * FRAMES)() for _ in range(4)]
        self.atoms = [c.create_string_buffer(ATOM_ROOM) for _ in range(2)]
        self.controls = [c.c_float(0.0), c.c_float(0.0), c.c_float(1.0)]  # the last: enabled
        for port, data in enumerate([*self.audio, *self.atoms, *self.controls]):
            descriptor.connect_port(self.handle, port, c.addressof(data))
        descriptor.activate(self.handle)
        state = descriptor.extension_data((LV2 + "ext/state#interface").encode())
        self.state = c.cast(state, c.POINTER(StateInterface)).contents

    def run(self, events: bytes = b"") -> dict[str, float]:
        """Run a block, and return the parameters that the plugin tells in it."""
        sequence = struct.pack("=IIII", 8 + len(events), ATOM["Sequence"], 0, 0) + events
        c.memmove(self.atoms[0], sequence, len(sequence))
        c.memmove(self.atoms[1], struct.pack("=II", ATOM_ROOM - 8, 0), 8)
        descriptor.run(self.handle, FRAMES)
        return read_sets(self.atoms[1].raw)

    def save(self) -> dict[int, tuple[bytes, int]]:
        kept: dict[int, tuple[bytes, int]] = {}

        def store(_: int, key: int, value: int, size: int, kind: int, flags: int) -> int:
            kept[key] = (c.string_at(value, size), kind)
            return 0

        assert self.state.save(self.handle, StoreFunction(store), None, 0, None) == 0
        return kept

    def restore(self, kept: dict[int, tuple[bytes, int]]) -> None:
        alive = {key: c.create_string_buffer(value, len(value)) for key, (value, _) in kept.items()}

        def retrieve(_: int, key: int, size: c.Array, kind: c.Array, flags: c.Array) -> int | None:
            if key not in kept:
                return None
            size[0], kind[0], flags[0] = len(kept[key][0]), kept[key][1], 3
            return c.addressof(alive[key])

        assert self.state.restore(self.handle, RetrieveFunction(retrieve), None, 0, None) == 0

    def close(self) -> None:
        descriptor.deactivate(self.handle)
        descriptor.cleanup(self.handle)


chance = random.Random(words["seed"])


def some_values() -> dict[str, float]:
    """Draw a value of each parameter, on its steps."""
    return {
        name: round(chance.uniform(low, high) / step) * step
        for name, (low, high, step) in words["parameters"].items()
    }


def give(instance: Instance, values: dict[str, float]) -> None:
    instance.run(b"".join(patch_set(name, value) for name, value in values.items()))
    instance.run()


first = Instance()
values = some_values()
give(first, values)
kept = first.save()
give(first, some_values())
first.restore(kept)
same = first.run()
saved = [first.save() == kept]
first.close()
another = Instance()
another.restore(kept)
fresh = another.run()
saved.append(another.save() == kept)
another.close()
print(json.dumps({"set": values, "same": same, "fresh": fresh, "saved": saved}))

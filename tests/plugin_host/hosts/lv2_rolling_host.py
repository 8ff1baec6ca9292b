"""An LV2 host by hand that rolls: says the time when it changes, or in every block, or roughly.

Words: the plugin, and blocks as [position or null, speed, how many]: the first of so many blocks
tells the position and speed, or each of them where ``every`` is set, off by ``jitter`` samples to
and fro. The input is a ramp of 2^-20 a sample, so that what was recorded says when. Prints the
state at the end.
"""

import ctypes as c
import json
import struct
import sys
import time

import numpy as np

LV2 = "http://lv2plug.in/ns/ext/"
RATE = 48_000
words = json.loads(sys.argv[1])
FRAMES = words["frames"]
library = c.CDLL(f"{words['plugin']}/libumtn.so")
urids: dict[str, int] = {}


def urid(uri: str) -> int:
    return urids.setdefault(uri, len(urids) + 1)


MapFunction = c.CFUNCTYPE(c.c_uint32, c.c_void_p, c.c_char_p)


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
        ("extension_data", c.c_void_p),
    ]


the_map = Map(None, MapFunction(lambda _, uri: urid(uri.decode())))
longest = c.c_int32(FRAMES)
options = (Option * 2)(
    Option(0, 0, urid(LV2 + "buf-size#maxBlockLength"), 4, urid(LV2 + "atom#Int"),
           c.cast(c.pointer(longest), c.c_void_p)),
)  # fmt: skip
features = (c.POINTER(Feature) * 4)(
    c.pointer(Feature((LV2 + "urid#map").encode(), c.cast(c.pointer(the_map), c.c_void_p))),
    c.pointer(Feature((LV2 + "options#options").encode(), c.cast(options, c.c_void_p))),
    c.pointer(Feature((LV2 + "buf-size#boundedBlockLength").encode(), None)),
)
library.lv2_descriptor.restype = c.POINTER(Descriptor)
descriptor = library.lv2_descriptor(0).contents


def prop(key: str, kind: str, form: str, value: float) -> bytes:
    body = struct.pack(form, value)
    return (
        struct.pack("=IIII", urid(LV2 + key), 0, len(body), urid(LV2 + "atom#" + kind))
        + body + bytes(-len(body) % 8)
    )  # fmt: skip


def event(kind: str, *props: bytes) -> bytes:
    body = struct.pack("=II", 0, urid(LV2 + kind)) + b"".join(props)
    return struct.pack("=qII", 0, len(body), urid(LV2 + "atom#Object")) + body


def position(frame: int, speed: float) -> bytes:
    return event(
        "time#Position",
        prop("time#frame", "Long", "=q", frame),
        prop("time#speed", "Float", "=f", speed),
        prop("time#beatsPerMinute", "Float", "=f", 120.0),
    )


def parameter(name: str, value: float) -> bytes:
    return event(
        "patch#Set",
        prop("patch#property", "URID", "=I", urid(f"{descriptor.uri.decode()}:{name}")),
        prop("patch#value", "Float", "=f", value),
    )


handle = descriptor.instantiate(
    c.addressof(descriptor), float(RATE), words["plugin"].encode() + b"/", c.addressof(features)
)
assert handle
audio = [np.zeros(FRAMES, np.float32) for _ in range(4)]
atoms = [c.create_string_buffer(1 << 15) for _ in range(2)]
controls = [c.c_float(0.0), c.c_float(0.0), c.c_float(1.0)]
ports = [block.ctypes.data for block in audio] + [c.addressof(each) for each in atoms + controls]
for port, place in enumerate(ports):
    descriptor.connect_port(handle, port, place)
descriptor.activate(handle)

played = 0


def run(events: bytes, rolling: bool) -> None:
    global played
    sequence = struct.pack("=IIII", 8 + len(events), urid(LV2 + "atom#Sequence"), 0, 0) + events
    c.memmove(atoms[0], sequence, len(sequence))
    c.memmove(atoms[1], struct.pack("=II", len(atoms[1]) - 8, 0), 8)
    for channel in audio[:2]:
        channel[:] = np.arange(played, played + FRAMES) / 2**20 if rolling else 0
    played += FRAMES if rolling else 0
    descriptor.run(handle, FRAMES)
    time.sleep(FRAMES / RATE / words.get("faster", 4))


run(parameter("capture", 1.0), False)
for place, speed, blocks in words["blocks"]:
    for block in range(blocks):
        told = place is not None and (words.get("every") or block == 0)
        off = words.get("jitter", 0) * (block % 2)
        frame = place + round(block * FRAMES * speed) + off if told else 0
        run(position(frame, speed) if told else b"", speed != 0)
run(position(0, 0.0), False)
for _ in range(20):
    run(b"", False)

kept: dict[str, str] = {}
StoreFunction = c.CFUNCTYPE(
    c.c_int, c.c_void_p, c.c_uint32, c.c_void_p, c.c_size_t, c.c_uint32, c.c_uint32
)
SaveFunction = c.CFUNCTYPE(c.c_int, c.c_void_p, StoreFunction, c.c_void_p, c.c_uint32, c.c_void_p)


def store(_: int, key: int, value: int, size: int, kind: int, flags: int) -> int:
    name = next(uri for uri, number in urids.items() if number == key)
    kept[name] = c.string_at(value, size - 1).decode()
    return 0


extension = c.CFUNCTYPE(c.c_void_p, c.c_char_p)(descriptor.extension_data)
interface = extension((LV2 + "state#interface").encode())
save = SaveFunction(c.cast(interface, c.POINTER(c.c_void_p))[0])
assert save(handle, StoreFunction(store), None, 0, None) == 0
descriptor.deactivate(handle)
descriptor.cleanup(handle)
print(json.dumps(kept))

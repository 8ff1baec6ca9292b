"""An LV2 plugin loaded by hand: what the LV2 hosts beside this have in common."""

import ctypes as c
import struct

LV2 = "http://lv2plug.in/ns/ext/"
ATOM_ROOM = 1 << 15
#: A state: what it says, and of which type, by what it is of.
State = dict[int, tuple[bytes, int]]

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


def prop(key: str, kind: str, form: str, value: float) -> bytes:
    body = struct.pack(form, value)
    return (
        struct.pack("=IIII", urid(LV2 + key), 0, len(body), urid(LV2 + "atom#" + kind))
        + body + bytes(-len(body) % 8)
    )  # fmt: skip


def event(kind: str, *props: bytes) -> bytes:
    """Return an object at a block's first frame."""
    body = struct.pack("=II", 0, urid(LV2 + kind)) + b"".join(props)
    return struct.pack("=qII", 0, len(body), urid(LV2 + "atom#Object")) + body


class Plugin:
    """The plugin of a bundle, for blocks of so many frames."""

    def __init__(self, bundle: str, frames: int) -> None:
        self.bundle, self.frames = bundle, frames
        self._library = c.CDLL(f"{bundle}/libumtn.so")
        self._library.lv2_descriptor.restype = c.POINTER(Descriptor)
        self.descriptor = self._library.lv2_descriptor(0).contents
        self.uri = self.descriptor.uri.decode()
        self._map = Map(None, MapFunction(lambda _, uri: urid(uri.decode())))
        self._longest = c.c_int32(frames)
        self._options = (Option * 2)(
            Option(0, 0, urid(LV2 + "buf-size#maxBlockLength"), 4, urid(LV2 + "atom#Int"),
                   c.cast(c.pointer(self._longest), c.c_void_p)),
        )  # fmt: skip
        self.features = (c.POINTER(Feature) * 4)(
            c.pointer(Feature(f"{LV2}urid#map".encode(), c.addressof(self._map))),
            c.pointer(Feature(f"{LV2}options#options".encode(), c.addressof(self._options))),
            c.pointer(Feature(f"{LV2}buf-size#boundedBlockLength".encode(), None)),
        )

    def parameter(self, name: str, value: float) -> bytes:
        """Return an event that sets a parameter."""
        return event(
            "patch#Set",
            prop("patch#property", "URID", "=I", urid(f"{self.uri}:{name}")),
            prop("patch#value", "Float", "=f", value),
        )


class Instance:
    """One of the plugin, with all its ports."""

    def __init__(self, plugin: Plugin, rate: float) -> None:
        self._plugin, self._calls = plugin, plugin.descriptor
        self.handle = self._calls.instantiate(
            c.addressof(self._calls), rate, f"{plugin.bundle}/".encode(),
            c.addressof(plugin.features),
        )  # fmt: skip
        assert self.handle
        self.audio = [(c.c_float * plugin.frames)() for _ in range(4)]  # two in, two out
        self._atoms = [c.create_string_buffer(ATOM_ROOM) for _ in range(2)]
        self._controls = [c.c_float(0.0), c.c_float(0.0), c.c_float(1.0)]  # the last: enabled
        for port, data in enumerate([*self.audio, *self._atoms, *self._controls]):
            self._calls.connect_port(self.handle, port, c.addressof(data))
        self._calls.activate(self.handle)
        state = self._calls.extension_data(f"{LV2}state#interface".encode())
        self._state = c.cast(state, c.POINTER(StateInterface)).contents

    def run(self, events: bytes = b"") -> bytes:
        """Run a block, and return the sequence that the plugin writes in it."""
        told, said = self._atoms
        sequence = struct.pack("=IIII", 8 + len(events), urid(LV2 + "atom#Sequence"), 0, 0) + events
        c.memmove(told, sequence, len(sequence))
        c.memmove(said, struct.pack("=II", ATOM_ROOM - 8, 0), 8)
        self._calls.run(self.handle, self._plugin.frames)
        return said.raw

    def save(self) -> State:
        kept: State = {}

        def store(_: int, key: int, value: int, size: int, kind: int, flags: int) -> int:
            kept[key] = (c.string_at(value, size), kind)
            return 0

        assert self._state.save(self.handle, StoreFunction(store), None, 0, None) == 0
        return kept

    def restore(self, kept: State) -> None:
        alive = {key: c.create_string_buffer(value, len(value)) for key, (value, _) in kept.items()}

        def retrieve(_: int, key: int, size: c.Array, kind: c.Array, flags: c.Array) -> int | None:
            if key not in kept:
                return None
            size[0], kind[0], flags[0] = len(kept[key][0]), kept[key][1], 3
            return c.addressof(alive[key])

        assert self._state.restore(self.handle, RetrieveFunction(retrieve), None, 0, None) == 0

    def close(self) -> None:
        self._calls.deactivate(self.handle)
        self._calls.cleanup(self.handle)

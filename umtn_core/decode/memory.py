"""How many streams a machine's memory holds."""

from __future__ import annotations

import psutil

from umtn_core.decode.stream import RingLayout
from umtn_core.shape import NetworkShape

#: A decode takes at most this share of the memory that is free when it begins, ...
_SHARE = 0.5
#: ... and a timing this share of all there is.
_SHARE_FOR_TIMING = 1 / 8


def ring_bytes(shape: NetworkShape) -> int:
    """Bytes of one stream's rings in float32."""
    return 4 * RingLayout.of(shape).rows * shape.residual_channels


def streams_at_once(shape: NetworkShape) -> int:
    """Count the streams that may be under way together on the processor now; at least one.

    Each takes its rings twice: a copy in its engine, and the decode's own once it is stopped.
    """
    free = psutil.virtual_memory().available
    return max(1, int(_SHARE * free) // (2 * ring_bytes(shape)))


def streams_conditioned(shape: NetworkShape, frames: int) -> int:
    """Count the streams whose conditioning of so many frames there is memory for; at least one.

    It is all that a stream takes here whose rings are on a device.
    """
    free = psutil.virtual_memory().available
    return max(1, int(_SHARE * free) // (4 * frames * shape.conditioning_width))


def rings_to_keep(shape: NetworkShape) -> int:
    """Count the streams that the machine's memory has room to keep the rings of now, once each."""
    return int(_SHARE * psutil.virtual_memory().available) // ring_bytes(shape)


def streams_to_time(shape: NetworkShape) -> int:
    """Count the streams that may be timed together on this machine; at least one."""
    memory = psutil.virtual_memory()
    most = min(int(_SHARE_FOR_TIMING * memory.total), int(_SHARE * memory.available))
    return max(1, most // ring_bytes(shape))

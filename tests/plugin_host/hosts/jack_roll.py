"""Rolls JACK's transport: from a position in seconds, for so many seconds."""

import ctypes as c
import json
import sys
import time

jack = c.CDLL("libjack.so.0")
jack.jack_client_open.restype = c.c_void_p
words = json.loads(sys.argv[1])
client = c.c_void_p(jack.jack_client_open(b"roll", 1, None))  # without starting a server
assert client
jack.jack_activate(client)
jack.jack_transport_locate(client, c.c_uint32(words["from"]))
time.sleep(0.3)
jack.jack_transport_start(client)
time.sleep(words["seconds"])
jack.jack_transport_stop(client)
time.sleep(0.5)
jack.jack_client_close(client)

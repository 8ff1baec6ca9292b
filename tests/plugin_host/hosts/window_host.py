"""Shows the plugin's window in pedalboard, as a DAW whose libraries are its own would.

Takes JSON: plugin, environment (what a DAW's launcher sets), close (a file; the window closes when
it is there).
"""

import ctypes
import json
import os
import sys
import threading
import time
from pathlib import Path

import pedalboard

words = json.loads(sys.argv[1])
os.environ.update(words["environment"])
# Without a window manager, JUCE asks for windows that are not there, which is fatal by default.
ignore = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(lambda display, error: 0)
ctypes.CDLL("libX11.so.6").XSetErrorHandler(ignore)
plugin = pedalboard.load_plugin(words["plugin"])
closing = threading.Event()


def wait() -> None:
    while not Path(words["close"]).exists():
        time.sleep(0.05)
    closing.set()


threading.Thread(target=wait, daemon=True).start()
plugin.show_editor(closing)
print("{}")

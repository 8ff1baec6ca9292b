"""What an audio file is, whatever its headers say: where its sound lies, and whether it is whole.

Decoders believe headers, and put silence where the rest of a file that was cut off would be.
Here the bytes are looked at before, each container in its own way, and `look` gives what a
decoder is handed: windows on the file that hold sound and nothing else.
"""

from umtn_core.audio.container.found import Found, Layout, Part
from umtn_core.audio.container.look import look

__all__ = ["Found", "Layout", "Part", "look"]

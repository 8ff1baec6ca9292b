"""One player or several, and where they stand: heard in the input, and placed in the result."""

from umtn_core.stereo.listener import StereoListener
from umtn_core.stereo.placing import Placing

__all__ = ["Placing", "StereoListener"]

"""Loudness ridden before the encoder, and given back to the result."""

from umtn_core.dynamics.envelope import Envelope
from umtn_core.dynamics.levels import STEP_SECONDS, LevelMeter
from umtn_core.dynamics.ride import Ride
from umtn_core.dynamics.tones import ToneMeter

__all__ = ["STEP_SECONDS", "Envelope", "LevelMeter", "Ride", "ToneMeter"]

"""A small client of the bridge, for scripts: `Bridge`, or `AsyncBridge` under asyncio."""

from bridge.client.answers import BridgeError, Converted, JobStatus, Model, Pong
from bridge.client.asynchronous import AsyncBridge
from bridge.client.synchronous import Bridge

__all__ = ["AsyncBridge", "Bridge", "BridgeError", "Converted", "JobStatus", "Model", "Pong"]

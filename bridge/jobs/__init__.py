"""Render jobs that outlive crashes: what is asked for, stored, scheduled and rendered.

Everything that the rest of the bridge needs is here: make a `JobService` of `JobSettings`, submit
`RenderRequest`, look at `Job`.
"""

from bridge.jobs.request import Job, RenderRequest, RequestError, State
from bridge.jobs.service import JobService
from bridge.jobs.settings import JobSettings

__all__ = ["Job", "JobService", "JobSettings", "RenderRequest", "RequestError", "State"]

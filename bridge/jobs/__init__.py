"""Render jobs that outlive crashes: what is asked for, stored, scheduled and rendered.

Everything that the rest of the bridge needs is here: make a `JobService` of `JobSettings`, submit
`RenderRequest`, look at `Job`. The `service` puts four rooms together: requests come in through
`accepting`, are kept in `storage`, wait their turn in `rendering` and become results in a `worker`.
What the rooms share lies beside it.
"""

from bridge.jobs.request import Job, RenderRequest, RequestError
from bridge.jobs.service import JobService
from bridge.jobs.settings import JobSettings

__all__ = ["Job", "JobService", "JobSettings", "RenderRequest", "RequestError"]

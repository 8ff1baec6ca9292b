"""A process with nothing but jobs in it, to be killed: a request a line in, what became of it out.

``python small_bridge.py DATA SESSION SECONDS_BETWEEN_SAVES`` prints ``ready``, then ``accepted ID``
for each line of JSON, ``ID is STATE`` for each ``cancel ID``, and ``ended`` once all jobs have
ended after stdin has.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec

from bridge.jobs import JobService, JobSettings, RenderRequest
from bridge.protocol import FINAL


async def main() -> None:
    data, session, save_every = sys.argv[1:]
    settings = JobSettings(Path(data), Path(session), cores=1, save_every=float(save_every))
    service = JobService(settings)
    await service.start()
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        if line.startswith("cancel "):
            job = await service.cancel(line.removeprefix("cancel ").strip())
            print(job.id, "is", job.state, flush=True)
            continue
        job = await service.submit(msgspec.json.decode(line, type=RenderRequest))
        print("accepted", job.id, flush=True)
    while any(job.state not in FINAL for job in service.jobs()):
        await asyncio.sleep(0.02)
    await service.stop()
    print("ended", flush=True)


if __name__ == "__main__":
    asyncio.run(main())

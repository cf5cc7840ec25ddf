"""The workers of this folder's tests, which run when told to."""

from flask import Flask

from app.kit.jobs.runner import Runner


def work_through(site: Flask) -> None:
    """Do what requests have left to the workers."""
    for queue in ("default", "bulk"):
        runner = Runner(queue, site)
        while runner.run_next():
            pass

"""Sending in the background."""

from app.messages.jobs.serving import register

register()

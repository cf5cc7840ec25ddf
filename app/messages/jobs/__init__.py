"""Sending in the background."""

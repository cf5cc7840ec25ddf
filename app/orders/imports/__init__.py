"""Imports that end in orders."""

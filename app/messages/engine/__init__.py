"""The half of messages that knows no database: speaking to providers, and making what they carry.

Its own room, left of `choices`: it imports nothing of the domain.
"""

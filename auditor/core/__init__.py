"""Decisions as pure functions on frozen values: no I/O, no clock, no randomness; the caller passes the time and random numbers."""

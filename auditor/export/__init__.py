"""Stored results -> tables of other systems: a database (`database`), a Delta table (`delta`).

Each module needs an extra of its own, so each is imported by itself and only by the command that needs it.
"""

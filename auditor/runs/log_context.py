"""The run that the present code works for, for the log."""

from contextvars import ContextVar

RUN_ID: ContextVar[str] = ContextVar("RUN_ID", default="")
"""The run-id; empty outside a session. Tasks have that of the code that started them."""

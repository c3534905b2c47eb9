"""A blocking step with an end. Rule: name look-up, handshake, headers and body may each drip, and every time-out of a
socket begins anew with each byte: only somebody outside can tell how long it takes in all.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, step: Callable[[], T]) -> T:
    """What `step` returns or raises; it is left behind in its thread where it takes longer.

    Raises:
        TimeoutError: it took longer.
    """
    values: list[T] = []
    errors: list[Exception] = []

    def kept_in() -> None:
        try:
            values.append(step())
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where it was asked for
            errors.append(error)

    thread = threading.Thread(target=kept_in, name="bounded", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not values:
        raise TimeoutError(f"no whole answer within {seconds:g} s")
    return values[0]

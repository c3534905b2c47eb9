"""A server that sends one byte of its headers now and then, and never completes them."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PAUSE = 0.02
"""Seconds between two bytes: below every time-out between bytes."""


@contextmanager
def dripping() -> Iterator[str]:
    """Its URL, on loopback."""
    over = threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while not over.wait(_PAUSE):
                connection.sendall(b"a")

    def serve(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            over.set()
            # a thread in accept() is not woken by close()
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            thread.join(5)

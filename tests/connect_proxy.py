"""A proxy for CONNECT only, in its own thread; it records everything that it receives in clear text."""

import base64
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class ConnectProxy:
    """The proxy's port and what it received.

    Attributes:
        port: on loopback.
        heads: the header blocks that clients sent to it.
        answer: status line of a refusal, if it refuses all requests.
        password: required user and password, or None.
    """

    port: int = 0
    heads: list[str] = field(default_factory=list)
    answer: str | None = None
    password: str | None = None

    @property
    def targets(self) -> list[str]:
        """The requested targets, in order."""
        return [head.split()[1] for head in self.heads]

    @property
    def methods(self) -> set[str]:
        """The methods of the requests."""
        return {head.split()[0] for head in self.heads}


@contextmanager
def connect_proxy(context: ssl.SSLContext | None = None, **options: str) -> Iterator[ConnectProxy]:
    """Serve until the context ends; over TLS if a server's context is given."""
    proxy = ConnectProxy(**options)  # type: ignore[arg-type] # by name
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy.port = listener.getsockname()[1]
        thread = threading.Thread(target=_listen, args=(listener, context, proxy), daemon=True)
        thread.start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _listen(listener: socket.socket, context: ssl.SSLContext | None, proxy: ConnectProxy) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_serve, args=(client, context, proxy), daemon=True).start()


def _serve(client: socket.socket, context: ssl.SSLContext | None, proxy: ConnectProxy) -> None:
    with ExitStack() as stack, suppress(OSError):
        stack.enter_context(client)
        if context is not None:
            client = stack.enter_context(context.wrap_socket(client, server_side=True))
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            if not (more := client.recv(1)):
                return
            head += more
        proxy.heads.append(head.decode("latin-1"))
        if (refusal := _refusal(proxy, head)) is not None:
            client.sendall(f"HTTP/1.1 {refusal}\r\nContent-Length: 0\r\n\r\n".encode())
            return
        host, _, port = proxy.targets[-1].rpartition(":")
        server = stack.enter_context(socket.create_connection((host.strip("[]"), int(port))))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=_copy, args=(server, client), daemon=True)
        back.start()
        _copy(client, server)
        back.join(5)


def _refusal(proxy: ConnectProxy, head: bytes) -> str | None:
    if proxy.answer is not None or not head.startswith(b"CONNECT "):
        return proxy.answer or "405 Method Not Allowed"
    if proxy.password is None:
        return None
    wanted = base64.b64encode(proxy.password.encode())
    return None if b"Basic " + wanted in head else "407 Proxy Authentication Required"


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)

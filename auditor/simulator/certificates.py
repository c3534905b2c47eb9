"""A throw-away certificate authority for one simulator. Rule: made at the start, in memory; only its public half leaves."""

import ssl

import trustme


class ThrowAwayAuthority:
    """Issues one server certificate for `localhost` and the loopback addresses."""

    def __init__(self) -> None:
        self._authority = trustme.CA(organization_name="Simulated, do not trust")
        self._leaf = self._authority.issue_cert("localhost", "127.0.0.1", "::1")

    @property
    def pem(self) -> bytes:
        """The authority's own certificate, PEM."""
        return self._authority.cert_pem.bytes()

    def server_context(self) -> ssl.SSLContext:
        """TLS settings of a server that presents the certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._leaf.configure_cert(context)
        return context

"""As what to sign in. Rule: secrets stay `Secret` until MSAL is given them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.errors import SettingsError
from auditor.settings import Secret


@dataclass(frozen=True, slots=True)
class Credential:
    """How a confidential client proves itself: by a secret, or by a certificate.

    Attributes:
        secret: the client secret.
        certificate: file with certificate and private key: PEM, or PKCS #12 (`.pfx`, `.p12`).
        password: of the private key, if it has one.
    """

    secret: Secret | None = None
    certificate: str | None = None
    password: Secret | None = None

    def for_msal(self) -> Any:
        """The credential as MSAL takes it; None for a public client.

        Raises:
            SettingsError: the certificate's file cannot be read, or lacks a part.
        """
        if self.certificate is None:
            return self.secret.reveal() if self.secret else None
        if self.secret is not None:
            raise SettingsError("both a client secret and a client certificate are set", "unset one of them")
        passphrase = {"passphrase": self.password.reveal()} if self.password else {}
        if self.certificate.lower().endswith((".pfx", ".p12")):
            return {"private_key_pfx_path": self.certificate, "public_certificate": True, **passphrase}
        text = _pem(self.certificate)
        return {"private_key": text, "public_certificate": text, **passphrase}


def _pem(path: str) -> str:
    try:
        text = Path(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no PEM file"
        raise SettingsError(f"AUDITOR_CLIENT_CERTIFICATE: {path} cannot be read: {why}", "name a PEM file") from None
    missing = [part for part in ("PRIVATE KEY-----", "BEGIN CERTIFICATE-----") if part not in text]
    if missing:
        raise SettingsError(
            f"AUDITOR_CLIENT_CERTIFICATE: {path} must hold the certificate and its private key",
            "put both into one PEM file",
        )
    return text


@dataclass(frozen=True, slots=True)
class SignIn:
    """Where and as what to sign in.

    Attributes:
        client_id: of the app registration.
        authority: https URL of the sign-in service with the tenant as its path.
        scope: the delegated permission of the API.
        ca_bundle: PEM file of extra certificate authorities, or None.
        credential: of a confidential client; empty for a public one.
    """

    client_id: str
    authority: str
    scope: str
    ca_bundle: str | None = None
    credential: Credential = Credential()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not appear in anybody's words."""
        held = (self.credential.secret, self.credential.password)
        return tuple(secret.reveal() for secret in held if secret)

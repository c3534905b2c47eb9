"""The app registration to sign in as. Secrets stay `Secret` until MSAL gets them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auditor.core.connection import CaBundle, Proxy
from auditor.core.sign_in import SET_CLOCK
from auditor.errors import SettingsError, SignInError
from auditor.fetch.blocking_http import ServiceClock
from auditor.settings import Secret


@dataclass(frozen=True, slots=True)
class Credential:
    """The secret or certificate of a confidential client.

    Attributes:
        secret: the client secret.
        certificate: file with certificate and private key: PEM, or PKCS #12 (`.pfx`, `.p12`).
        password: the private key's password, if it has one.
    """

    secret: Secret | None = None
    certificate: str | None = None
    password: Secret | None = None

    def for_msal(self) -> Any:
        """The credential in MSAL's form; None for a public client.

        Raises:
            SettingsError: the certificate's file cannot be read, or lacks a part.
        """
        if self.certificate is None:
            return self.secret.reveal() if self.secret else None
        if self.secret is not None:
            raise SettingsError("both a client secret and a client certificate are set", "unset one of them")
        password = self.password.reveal() if self.password else None
        passphrase = {"passphrase": password} if password else {}
        if self.certificate.lower().endswith((".pfx", ".p12")):
            _check_pfx(_read_file(self.certificate), password, self.certificate)
            return {"private_key_pfx_path": self.certificate, "public_certificate": True, **passphrase}
        text = _read_file(self.certificate)
        _check_pem(text, password, self.certificate)
        return {"private_key": text.decode(), "public_certificate": text.decode(), **passphrase}


def _read_file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise _certificate_error(path, f"cannot be read: {error.strerror}") from None


def _check_pem(content: bytes, password: str | None, path: str) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate

    try:
        content.decode("ascii")
        load_pem_x509_certificate(content)
        load_pem_private_key(content, password.encode() if password else None)
    except Exception as error:  # noqa: BLE001 - cryptography has an exception for every way to be wrong; the words may quote the file
        raise _certificate_error(
            path, f"holds no certificate with a private key that opens ({type(error).__name__})"
        ) from None


def _check_pfx(content: bytes, password: str | None, path: str) -> None:
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

    try:
        key, certificate, _ = load_key_and_certificates(content, password.encode() if password else None)
    except Exception as error:  # noqa: BLE001 - as above
        raise _certificate_error(path, f"does not open ({type(error).__name__})") from None
    if key is None or certificate is None:
        raise _certificate_error(path, "holds no certificate with a private key")


def _certificate_error(path: str, why: str) -> SettingsError:
    return SettingsError(
        f"AUDITOR_CLIENT_CERTIFICATE: {path} {why}",
        "name a PEM or PKCS #12 file; the key's password goes into AUDITOR_CLIENT_CERTIFICATE_PASSWORD_FILE",
    )


@dataclass(frozen=True, slots=True)
class SignIn:
    """The sign-in service and the app registration to use.

    Attributes:
        client_id: of the app registration.
        authority: https URL of the sign-in service with the tenant as its path.
        scope: the delegated permission of the API.
        ca_bundle: PEM file of extra certificate authorities, or None.
        proxy: through which the sign-in service is reached, or None.
        credential: of a confidential client; empty for a public one.
        clock: the difference between this machine's clock and the service's.
    """

    client_id: str
    authority: str
    scope: str
    ca_bundle: CaBundle = None
    proxy: Proxy | None = None
    credential: Credential = Credential()
    clock: ServiceClock = field(default_factory=ServiceClock, compare=False, repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that must not appear in any message."""
        held = (self.credential.secret, self.credential.password)
        return tuple(secret.reveal() for secret in held if secret)


def mention_clock(error: SignInError, sign_in: SignIn) -> SignInError:
    """The error; if this machine's clock is wrong, which causes most refusals, the message begins with that."""
    wrong = sign_in.clock.skew.words if sign_in.clock.skew else None
    if wrong is None or error.message.startswith(wrong):
        return error
    return SignInError(f"{wrong}; {error.message}", f"{SET_CLOCK}; then: {error.hint}")


def not_signed_in(sign_in: SignIn) -> SignInError:
    """The error for a run without any sign-in, refresh token or access token."""
    return SignInError(
        f"nobody is signed in at {sign_in.authority} for the app registration {sign_in.client_id}",
        "sign in with: auditor login; or set AUDITOR_REFRESH_TOKEN_FILE or AUDITOR_ACCESS_TOKEN",
    )

"""`Credential`: a secret, or a certificate in any common format; errors do not quote the file."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from auditor.errors import SettingsError, SignInError
from auditor.fetch.auth.refresh_token import ConfiguredRefreshToken
from auditor.fetch.auth.registration import Credential
from auditor.fetch.auth.unattended import TokenSources, UnattendedSignIn
from auditor.fetch.tokens import TokenRequest
from auditor.settings import Secret
from sign_in_support import registration, sign_in_service

PASSWORD = "marked-password"


def certificate() -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """A key and its certificate, as for an app registration."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "auditor")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    return key, builder.not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The certificate in every accepted format."""
    folder, (key, own) = tmp_path_factory.mktemp("certificate"), certificate()
    public = own.public_bytes(Encoding.PEM)
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD.encode()))
    pfx = pkcs12.serialize_key_and_certificates(b"auditor", key, own, None, BestAvailableEncryption(PASSWORD.encode()))
    contents = {
        "public.pem": public,
        "plain.pem": public + plain,
        "locked.pem": locked + public,
        "locked.pfx": pfx,
        "key.pem": plain,
        "empty.pem": b"",
        "binary.pem": b"\xff\xfe",
        "garbage.p12": b"marked-garbage",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name: folder / name for name in contents}


@pytest.mark.parametrize(("name", "locked"), [("plain.pem", False), ("locked.pem", True), ("locked.pfx", True)])
def test_a_certificate_signs_in(files: dict[str, Path], name: str, *, locked: bool) -> None:
    """The service checks the assertion's signature against the certificate that it knows."""
    credential = Credential(None, str(files[name]), Secret(PASSWORD) if locked else None)
    with sign_in_service(client_certificate=files["public.pem"].read_bytes()) as simulator:
        source = ConfiguredRefreshToken(Secret(simulator.sign_ins.give_refresh_token(confidential=True)))
        sign_in = registration(simulator, credential=credential)
        assert UnattendedSignIn(sign_in, TokenSources(None, source), lambda _: None).redeem(TokenRequest())[0]


def test_another_certificate_is_refused(files: dict[str, Path]) -> None:
    """The message says what to check."""
    other = certificate()[1].public_bytes(Encoding.PEM)
    with sign_in_service(client_certificate=other) as simulator:
        source = ConfiguredRefreshToken(Secret(simulator.sign_ins.give_refresh_token(confidential=True)))
        sign_in = registration(simulator, credential=Credential(None, str(files["plain.pem"])))
        with pytest.raises(SignInError, match="client certificate is refused"):
            UnattendedSignIn(sign_in, TokenSources(None, source), lambda _: None).redeem(TokenRequest())


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("public.pem", None),
        ("key.pem", None),
        ("empty.pem", None),
        ("binary.pem", None),
        ("locked.pem", None),
        ("locked.pem", "marked-wrong"),
        ("locked.pfx", "marked-wrong"),
        ("garbage.p12", None),
        ("none.pem", None),
    ],
)
def test_an_unusable_certificate_file_is_named(files: dict[str, Path], name: str, password: str | None) -> None:
    """The message has its path, but neither the password nor the file's content."""
    path = files.get(name, files["plain.pem"].with_name(name))
    with pytest.raises(SettingsError, match="AUDITOR_CLIENT_CERTIFICATE") as refused:
        Credential(None, str(path), Secret(password) if password else None).for_msal()
    assert "marked" not in f"{refused.value} {refused.value.hint}"


def test_secret_or_certificate(files: dict[str, Path]) -> None:
    """Both at once is a mistake; neither makes a public client."""
    with pytest.raises(SettingsError, match="both"):
        Credential(Secret("x"), str(files["plain.pem"])).for_msal()
    assert Credential().for_msal() is None
    assert Credential(Secret("x")).for_msal() == "x"

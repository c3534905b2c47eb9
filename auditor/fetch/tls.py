"""The certificate authorities of the run. Rule: one setting feeds both the API's client and the sign-in's."""

import ssl

from auditor.errors import SettingsError


def tls_context(ca_bundle: str | None) -> ssl.SSLContext:
    """The system's certificate authorities and those of `ca_bundle` (a PEM file); TLS 1.2 or newer.

    Raises:
        SettingsError: the file is missing or holds no certificate.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_bundle:
        try:
            context.load_verify_locations(ca_bundle)
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"AUDITOR_CA_BUNDLE: {ca_bundle} cannot be used: {error}", "name a PEM file of certificates"
            ) from error
    return context

"""Sign-in through MSAL with our own HTTP client. MSAL's texts are checked for secrets before they are shown.

MSAL's own client would follow a redirect and post the refresh token to another host, waits without limit, and lets
REQUESTS_CA_BUNDLE override the configured certificate authorities. MSAL does network I/O even in its constructor.

Source: "Partner Center authentication" (App+User tokens only; the secure application model).
"""

from auditor.fetch.auth.interactive import BrowserOptions, sign_in_by_browser, sign_in_by_device_code
from auditor.fetch.auth.refresh_token import ConfiguredRefreshToken
from auditor.fetch.auth.registration import Credential, SignIn, mention_clock, not_signed_in
from auditor.fetch.auth.service import Wait, call_with_retries, msal_application, parse_token
from auditor.fetch.auth.sign_in_store import StoredSignIn, decode_sign_in, encode_sign_in, load_sign_in
from auditor.fetch.auth.unattended import TokenSources, UnattendedSignIn

__all__ = [
    "BrowserOptions",
    "ConfiguredRefreshToken",
    "Credential",
    "SignIn",
    "StoredSignIn",
    "TokenSources",
    "UnattendedSignIn",
    "Wait",
    "call_with_retries",
    "decode_sign_in",
    "encode_sign_in",
    "load_sign_in",
    "mention_clock",
    "msal_application",
    "not_signed_in",
    "parse_token",
    "sign_in_by_browser",
    "sign_in_by_device_code",
]

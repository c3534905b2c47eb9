"""Call MSAL with retries. The result is a token, or one of our own errors without secrets.

A busy service is retried after the time that it asks for, within limits. A lost connection is retried. A refusal is final.
"""

import logging
import math
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NoReturn, TypeVar

from auditor.core.connection import explain_untrusted
from auditor.core.sign_in import explain_refusal, is_token
from auditor.errors import MORE_FILES, TOO_MANY_FILES, AuditorError, SignInError, StoppedEarlyError, is_too_many_files
from auditor.fetch.auth.registration import SignIn
from auditor.fetch.blocking_http import MsalHttpClient, ServiceBusyError, UnusableResponseError
from auditor.fetch.transport_security import error_chain, verify_code

_log = logging.getLogger(__name__)
T = TypeVar("T")

MAX_WAIT = 300.0
"""Seconds from the first failure, all waits together, after which a busy service counts as down."""
_MIN_WAIT = 1.0
"""Seconds; if the service asks for less, the waits double."""
_MAX_LOST = 4
"""Attempts in a row without a response, after which the service counts as unreachable."""
_MAX_SLOW = 2
"""Attempts in a row that timed out, after which the service counts as unreachable."""
Wait = Callable[[float], bool]
"""Waits this many seconds; returns True if the token is no longer needed."""
Tell = Callable[[str], None]
"""Receives a sentence for the user."""
SILENT_SECONDS = 5.0
"""Seconds after which the user is told that the service has not answered yet."""


def _ignore_sentence(_sentence: str) -> None:
    """A `Tell` that drops the sentence."""


def msal_application(sign_in: SignIn, cache: Any = None) -> Any:
    """Create MSAL's client for an app registration. This sends a request for the authority's endpoints.

    Args:
        sign_in: the service and the app registration.
        cache: MSAL's token cache; None for one in memory.

    Raises:
        SettingsError: the credential cannot be used.
        Exception: any that MSAL raises; see `call_with_retries`.
    """
    import msal

    # it logs a body that is not JSON unchanged, with any token in it
    logging.getLogger("msal.oauth2cli.oauth2").setLevel(logging.CRITICAL)
    credential = sign_in.credential.for_msal()
    kind = msal.PublicClientApplication if credential is None else msal.ConfidentialClientApplication
    return kind(
        sign_in.client_id,
        client_credential=credential,
        authority=sign_in.authority,
        token_cache=cache,
        # the operator named the authority; asking login.microsoftonline.com about it would fail behind a firewall
        instance_discovery=False,
        # "claims challenges": we can pass one on
        client_capabilities=["CP1"],
        http_client=MsalHttpClient(sign_in.ca_bundle, sign_in.proxy, sign_in.clock),
    )


def call_with_retries(
    step: Callable[[], T], authority: str, wait: Wait, tell: Tell = _ignore_sentence, *, for_user: bool = False
) -> T:
    """Return the result of `step`; retry while the service is busy, and after a lost connection.

    Args:
        step: sends requests to the service.
        authority: the service's URL, for messages.
        wait: see `Wait`.
        tell: receives a sentence before each wait: why, and until when.
        for_user: True for a step that waits for a person.

    Raises:
        SignInError: the service refused, or is not a sign-in service.
        StoppedEarlyError: the service is busy for too long, or cannot be reached.
        SettingsError: from `step`.
    """
    waited, failures, first = 0.0, 0, None
    while True:
        try:
            with _report_slow(authority, _ignore_sentence if for_user else tell):
                return step()
        except AuditorError:
            raise
        except Exception as error:  # noqa: BLE001 - the network, HTML bodies and odd JSON come as exceptions of many libraries
            failure = error
        # outside of the handler: theirs, which may hold a whole reply, must not become the context of our exception
        failures += 1
        first = first or time.monotonic()
        waited = max(waited, time.monotonic() - first)
        pause = _pause(failure, failures)
        if pause is None or waited + pause > MAX_WAIT:
            _raise_final(failure, authority)
        _log.info(
            "the sign-in service gives no answer (%s): again in %.0f s",
            _kind(failure),
            pause,
            extra={"wait_seconds": pause},
        )
        tell(_describe_wait(failure, authority, pause))
        if wait(pause):
            raise SignInError("the run is stopping: it no longer waits for the sign-in service")
        waited += pause


@contextmanager
def _report_slow(authority: str, tell: Tell) -> Iterator[None]:
    """Tell the user if a response takes long."""
    sentence = f"no answer yet from the sign-in service at {authority}: still waiting for it"
    timer = threading.Timer(SILENT_SECONDS, tell, (sentence,))
    timer.daemon = True
    if tell is not _ignore_sentence:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _describe_wait(error: Exception, authority: str, pause: float) -> str:
    """The sentence for the user: why there is a wait, and when the next attempt is."""
    why = "cannot be reached"
    if isinstance(error, ServiceBusyError):
        why = "is busy or down"
    elif isinstance(error, TimeoutError):
        why = "answers too slowly"
    at = datetime.now().astimezone() + timedelta(seconds=pause)
    until = f"next try in {pause:.0f} s, at {at:%H:%M:%S}"
    return f"the sign-in service at {authority} {why} ({_kind(error)}): {until}"


def _pause(error: Exception, failures: int) -> float | None:
    """Seconds to wait before the next attempt; None for no further attempt."""
    import requests

    if isinstance(error, ServiceBusyError):
        if error.retry_after is None:
            return min(2.0**failures, 60.0)
        return error.retry_after if error.retry_after >= _MIN_WAIT else min(2.0 ** (failures - 1), 60.0)
    if isinstance(error, TimeoutError):
        return 2.0 if failures < _MAX_SLOW else None
    final = isinstance(error, requests.exceptions.SSLError | requests.exceptions.ProxyError)
    lost = isinstance(error, requests.ConnectionError | requests.Timeout) and not final
    return 2.0 ** (failures - 1) if lost and failures < _MAX_LOST else None


def _kind(error: Exception) -> str:
    return f"HTTP {error.status}" if isinstance(error, ServiceBusyError) else type(error).__name__


def _raise_final(error: Exception, authority: str) -> NoReturn:
    """Raise our own error for a library's. The library's text may hold a token, so only its class is named."""
    import requests

    if isinstance(error, ServiceBusyError):
        message = f"the sign-in service at {authority} is busy or down ({_kind(error)}), however long the wait"
        raise StoppedEarlyError(message, "run it again later")
    if isinstance(error, requests.exceptions.SSLError):
        what, cure = explain_untrusted(verify_code(error))
        raise StoppedEarlyError(f"the certificate of the sign-in service at {authority} {what}", cure)
    if any(map(is_too_many_files, error_chain(error))):
        raise StoppedEarlyError(f"no connection to the sign-in service can be opened: {TOO_MANY_FILES}", MORE_FILES)
    if isinstance(error, TimeoutError):
        message = f"the sign-in service at {authority} answers too slowly: a whole answer does not come in a minute"
        raise StoppedEarlyError(message, "check the network and the proxy, then run it again")
    if isinstance(error, requests.ConnectionError | requests.Timeout):
        message = f"the sign-in service at {authority} cannot be reached: {_kind(error)}"
        raise StoppedEarlyError(message, "check the network, the proxy and AUDITOR_AUTHORITY, then run it again")
    what = str(error) if isinstance(error, UnusableResponseError) else _kind(error)
    raise SignInError(
        f"{authority} does not answer like a sign-in service, or knows no such tenant ({what})",
        "check AUDITOR_AUTHORITY, AUDITOR_TENANT_ID, AUDITOR_CLOUD and the proxy",
    )


def parse_token(result: Mapping[str, Any], secrets: tuple[str, ...]) -> tuple[str, float]:
    """The access token in MSAL's result, and the seconds until it expires.

    Raises:
        SignInError: the result is a refusal, or has no valid token.
    """
    if "access_token" not in result:
        raise refusal_error(result, secrets)
    token, seconds = result["access_token"], float(result.get("expires_in", 0))
    if not is_token(token):
        raise SignInError(
            "the sign-in service gave an access token that is none: it is empty, no text, or holds blanks, line ends or "
            "other characters that no token has",
            "check AUDITOR_AUTHORITY and the proxy, then run it again",
        )
    return token, seconds if math.isfinite(seconds) else 0.0


def refusal_error(result: Mapping[str, Any], secrets: tuple[str, ...]) -> SignInError:
    """The error for a refusal in MSAL's result."""
    code, trace = str(result.get("error")), str(result.get("correlation_id"))
    _log.info(
        "the sign-in service refused (%s); its correlation id is %s",
        code if _CODE.fullmatch(code) and code not in secrets else "no error code",
        trace if _GUID.fullmatch(trace) else "none",
    )
    return SignInError(*explain_refusal(result, secrets))


_CODE, _GUID = re.compile("[a-z_]{1,40}"), re.compile("[0-9a-fA-F-]{36}")

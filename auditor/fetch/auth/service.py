"""MSAL, asked with patience. Rule: a token, or one of our errors in words that hold no secret; nothing else gets out.

A busy service is waited for as long as it asks, within limits; a lost connection is tried again; a refusal is final.
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

from auditor.core.connection import untrusted
from auditor.core.os_errors import MORE_FILES, TOO_MANY_FILES, too_many_files
from auditor.core.sign_in import is_token, refusal
from auditor.errors import AuditorError, SignInError, StoppedEarlyError
from auditor.fetch.auth.http import Http, RedirectedError, ServiceBusyError, TooSlowError
from auditor.fetch.auth.registration import SignIn
from auditor.fetch.causes import causes, verify_code

_log = logging.getLogger(__name__)
T = TypeVar("T")

LONGEST_WAIT = 300.0
"""Seconds from the first failure, all waits together, after which a busy service counts as down."""
_LEAST_WAIT = 1.0
"""Seconds; whoever asks for less is asked again after waits that double."""
_LOST_CONNECTIONS = 4
"""Attempts in a row without an answer, after which the service counts as out of reach."""
_SLOW_ANSWERS = 2
"""Attempts that each took as long as they may, after which likewise."""
Wait = Callable[[float], bool]
"""Waits so many seconds; True where nobody wants the token any more."""
Tell = Callable[[str], None]
"""Is given a sentence for the user."""
SILENT_SECONDS = 5.0
"""After which an answer that has not come is said to be waited for."""


def unheard(_sentence: str) -> None:
    """Tells nobody."""


def application(sign_in: SignIn, cache: Any = None) -> Any:
    """MSAL's client for an app registration; asks the authority for its endpoints.

    Args:
        sign_in: where and as what.
        cache: MSAL's token cache; None for one in memory.

    Raises:
        SettingsError: the credential cannot be used.
        Exception: whatever MSAL raises; see `patiently`.
    """
    import msal

    # it logs a body that is not JSON as it is, tokens and all
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
        http_client=Http(sign_in.ca_bundle, sign_in.proxy, sign_in.clock),
    )


def patiently(step: Callable[[], T], authority: str, wait: Wait, tell: Tell = unheard, *, for_user: bool = False) -> T:
    """What `step` returns, with a busy service waited for and a lost connection tried again.

    Args:
        step: asks the service.
        authority: of the service, for people.
        wait: see `Wait`.
        tell: is told what is waited for, and until when.
        for_user: True for a step that waits for a person, who may take long without a word.

    Raises:
        SignInError: the service refused, or what answers is no sign-in service.
        StoppedEarlyError: it is busy for too long, or out of reach.
        SettingsError: from `step`.
    """
    waited, failures, first = 0.0, 0, None
    while True:
        try:
            with _not_silent(authority, unheard if for_user else tell):
                return step()
        except AuditorError:
            raise
        except Exception as error:  # noqa: BLE001 - the network, HTML bodies and odd JSON come as exceptions of many libraries
            failure = error
        # outside of the handler, so that our exception does not carry theirs along, which may hold a whole reply
        failures += 1
        first = first or time.monotonic()
        waited = max(waited, time.monotonic() - first)
        pause = _pause(failure, failures)
        if pause is None or waited + pause > LONGEST_WAIT:
            _give_up(failure, authority)
        _log.info("the sign-in service gives no answer (%s): again in %.0f s", _kind(failure), pause)
        tell(_waiting(failure, authority, pause))
        if wait(pause):
            raise SignInError("nobody waits for the sign-in any more")
        waited += pause


@contextmanager
def _not_silent(authority: str, tell: Tell) -> Iterator[None]:
    """Says what is waited for where an answer takes longer than people wait without a word."""
    words = f"no answer yet from the sign-in service at {authority}: still waiting for it"
    timer = threading.Timer(SILENT_SECONDS, tell, (words,))
    timer.daemon = True
    if tell is not unheard:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _waiting(error: Exception, authority: str, pause: float) -> str:
    """Why the service is asked again, and when."""
    why = "cannot be reached"
    if isinstance(error, ServiceBusyError):
        why = "is busy or down"
    elif isinstance(error, TooSlowError):
        why = "answers too slowly"
    at = datetime.now().astimezone() + timedelta(seconds=pause)
    until = f"next try in {pause:.0f} s, at {at:%H:%M:%S}"
    return f"the sign-in service at {authority} {why} ({_kind(error)}): {until}"


def _pause(error: Exception, failures: int) -> float | None:
    """Seconds to wait before the next attempt; None where there should be none."""
    import requests

    if isinstance(error, ServiceBusyError):
        if error.retry_after is None:
            return min(2.0**failures, 60.0)
        return error.retry_after if error.retry_after >= _LEAST_WAIT else min(2.0 ** (failures - 1), 60.0)
    if isinstance(error, TooSlowError):
        return 2.0 if failures < _SLOW_ANSWERS else None
    final = isinstance(error, requests.exceptions.SSLError | requests.exceptions.ProxyError)
    lost = isinstance(error, requests.ConnectionError | requests.Timeout) and not final
    return 2.0 ** (failures - 1) if lost and failures < _LOST_CONNECTIONS else None


def _kind(error: Exception) -> str:
    return f"HTTP {error.status}" if isinstance(error, ServiceBusyError) else type(error).__name__


def _give_up(error: Exception, authority: str) -> NoReturn:
    """Raises our error for somebody else's; its text may hold a token, so only the kind is named."""
    import requests

    if isinstance(error, ServiceBusyError):
        message = f"the sign-in service at {authority} is busy or down ({_kind(error)}), however long the wait"
        raise StoppedEarlyError(message, "run it again later")
    if isinstance(error, requests.exceptions.SSLError):
        what, cure = untrusted(verify_code(error))
        raise StoppedEarlyError(f"the certificate of the sign-in service at {authority} {what}", cure)
    if any(map(too_many_files, causes(error))):
        raise StoppedEarlyError(f"no connection to the sign-in service can be opened: {TOO_MANY_FILES}", MORE_FILES)
    if isinstance(error, TooSlowError):
        message = f"the sign-in service at {authority} answers too slowly: a whole answer does not come in a minute"
        raise StoppedEarlyError(message, "check the network and the proxy, then run it again")
    if isinstance(error, requests.ConnectionError | requests.Timeout):
        message = f"the sign-in service at {authority} cannot be reached: {_kind(error)}"
        raise StoppedEarlyError(message, "check the network, the proxy and AUDITOR_AUTHORITY, then run it again")
    what = "a redirect, which is not followed" if isinstance(error, RedirectedError) else _kind(error)
    raise SignInError(
        f"{authority} does not answer like a sign-in service, or knows no such tenant ({what})",
        "check AUDITOR_AUTHORITY, AUDITOR_TENANT_ID, AUDITOR_CLOUD and the proxy",
    )


def token_of(result: Mapping[str, Any], secrets: tuple[str, ...]) -> tuple[str, float]:
    """The access token of MSAL's reply, and the seconds that it lives.

    Raises:
        SignInError: it is a refusal, or what it gives is no token.
    """
    if "access_token" not in result:
        raise refused(result, secrets)
    token, seconds = result["access_token"], float(result.get("expires_in", 0))
    if not is_token(token):
        raise SignInError(
            "the sign-in service gave an access token that is none: it is empty, no text, or holds blanks, line ends or "
            "other characters that no token has",
            "check AUDITOR_AUTHORITY and the proxy, then run it again",
        )
    return token, seconds if math.isfinite(seconds) else 0.0


def refused(result: Mapping[str, Any], secrets: tuple[str, ...]) -> SignInError:
    """The refusal in MSAL's reply as our error."""
    code, trace = str(result.get("error")), str(result.get("correlation_id"))
    _log.info(
        "the sign-in service refused (%s); its correlation id is %s",
        code if _CODE.fullmatch(code) and code not in secrets else "no error code",
        trace if _GUID.fullmatch(trace) else "none",
    )
    found = refusal(result, secrets)
    return SignInError(found.message, found.hint)


_CODE, _GUID = re.compile("[a-z_]{1,40}"), re.compile("[0-9a-fA-F-]{36}")

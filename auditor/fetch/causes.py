"""What led to an error. Rule: found by its kind; the text of a library's error, which may hold a secret, is not looked at."""

import ssl
from typing import Any, TypeVar

_Error = TypeVar("_Error", bound=BaseException)


def causes(error: BaseException) -> list[BaseException]:
    """An error and all that led to it; urllib3 hands them on as arguments and as `reason`."""
    found: list[Any] = [error]
    for one in found:
        linked = [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
        found += [each for each in linked if isinstance(each, BaseException) and each not in found]
    return found


def cause(error: BaseException, kind: type[_Error]) -> _Error | None:
    """The first of a kind among them."""
    return next((one for one in causes(error) if isinstance(one, kind)), None)


def verify_code(error: BaseException) -> int | None:
    """OpenSSL's code for why a certificate is not trusted; None where that is not what went wrong, or nobody says."""
    # aiohttp's own error is of this kind, too, and has no code
    refused = (one for one in causes(error) if isinstance(one, ssl.SSLCertVerificationError))
    codes = (getattr(one, "verify_code", None) for one in refused)
    return next((code for code in codes if code is not None), None)

"""URLs of object stores and folders to which runs are published.

A URL never holds a secret: the store's provider reads keys from its own environment. A refused URL is not quoted, for it may hold one.
"""

import re

EXTRAS = {
    **dict.fromkeys(("s3", "s3a"), "s3"),
    **dict.fromkeys(("abfs", "abfss", "az"), "azure"),
    **dict.fromkeys(("gs", "gcs"), "gcs"),
    "file": "",
}
"""Scheme -> extra that brings its library; a folder needs fsspec only."""
_AZURE = "azure"


def is_store_url(text: str) -> bool:
    """True for any URL, also for one that `check_store_url` refuses."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", text, re.ASCII) is not None


def check_store_url(text: str) -> str:
    """The URL of a place in an object store, without a trailing slash.

    Raises:
        ValueError: it is none, or may hold a secret.
    """
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in EXTRAS:
        raise ValueError("must begin with s3://, abfs://, abfss://, az://, gs:// or file:///")
    if set(rest) & set("?#"):
        raise ValueError(
            "must not hold a query: keys and signatures belong into the environment (docs/object-stores.md)"
        )
    place, _, path = rest.rstrip("/").partition("/")
    user, at, _ = place.rpartition("@")
    if at and (EXTRAS[scheme] != _AZURE or ":" in user or not user):
        raise ValueError(
            "must not hold a user name or password: they belong into the environment (docs/object-stores.md)"
        )
    if bool(place) == (scheme == "file"):
        raise ValueError("must name a bucket or container, or a folder as file:///path")
    if not text.isprintable() or "\\" in text or {"", ".", ".."} & {*(path.split("/") if path else ())}:
        raise ValueError("must hold no control character, backslash, empty part, . or ..")
    return f"{scheme}://{rest.rstrip('/')}"


def hide_store_secrets(text: str) -> str:
    """The URL without user name, password and query, for a message that refuses it."""
    return re.sub(r"([?#]).*", r"\1[secret]", re.sub(r"//[^/@]*@", "//[secret]@", text))

"""URLs of object stores: which are taken, and that a refused one is never quoted."""

import pytest

from auditor.core.store_url import check_store_url, hide_store_secrets, is_store_url

TAKEN = {
    "s3://bucket": "s3://bucket",
    "s3://bucket/path/": "s3://bucket/path",
    "abfs://container@account.dfs.core.windows.net/a/b": "abfs://container@account.dfs.core.windows.net/a/b",
    "az://container/a b": "az://container/a b",
    "gs://bucket/x": "gs://bucket/x",
    "file:///srv/share": "file:///srv/share",
}
REFUSED = {
    "s3://marked-key:marked-secret@bucket/x": "user name or password",
    "s3://marked-key@bucket/x": "user name or password",
    "abfs://container:marked-secret@account/x": "user name or password",
    "abfs://@account/x": "user name or password",
    "az://container/x?sig=marked-secret": "query",
    "az://container/x#marked-secret": "query",
    "memory://marked": "must begin with",
    "https://account.blob.core.windows.net/marked": "must begin with",
    "s3:/bucket": "must begin with",
    "reports": "must begin with",
    "s3:///path": "must name a bucket",
    "file://server/path": "must name a bucket",
    "s3://bucket/../marked": "must hold no",
    "s3://bucket//marked": "must hold no",
    "s3://bucket/mar\nked": "must hold no",
    "s3://bucket/mar\\ked": "must hold no",
}


@pytest.mark.parametrize("text", TAKEN)
def test_urls_that_are_taken(text: str) -> None:
    """Without a trailing slash."""
    assert check_store_url(text) == TAKEN[text]
    assert is_store_url(text)


@pytest.mark.parametrize("text", REFUSED)
def test_urls_that_are_refused(text: str) -> None:
    """The reason quotes nothing of them."""
    with pytest.raises(ValueError, match=REFUSED[text]) as caught:
        check_store_url(text)
    assert "marked" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["s3://key:marked@bucket/x", "az://c/x?sv=1&sig=marked", "s3://marked@b/x?marked#marked"]
)
def test_what_is_shown_of_a_url_in_another_setting(text: str) -> None:
    """No user name, password and query."""
    assert "marked" not in hide_store_secrets(text)

"""Settings as keywords of a Python function: their types, and messages that name keywords instead of options."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from typing import Literal, TypedDict

from auditor.errors import AuditorError
from auditor.settings.fields import all_fields


class SettingsKeywords(TypedDict, total=False):
    """The settings as keywords of a Python function; each has the meaning of the setting of its name.

    None is as if it was not given; a secret is never None. A duration is a number of seconds, or a text such as `30m` or `8h`.
    """

    api_url: str | None
    cloud: Literal["public", "us-gov", "china"] | None
    authority: str | None
    tenant_id: str | None
    client_id: str | None
    access_token: str
    refresh_token: str
    client_secret: str
    client_certificate: str | PathLike[str] | None
    client_certificate_password: str
    token_store: str | PathLike[str] | None
    token_store_key: str
    ca_bundle: str | PathLike[str] | None
    ca_relaxed: bool | None
    proxy: str | None
    no_proxy: str | None
    lists: Sequence[str] | None
    id_column: str | None
    company_column: str | None
    domain_column: str | None
    owner_column: str | None
    allow_ragged: bool | None
    sheet: str | Sequence[str] | None
    array: str | None
    customer_list: Literal["auto", "always", "never"] | None
    reports: str | PathLike[str] | None
    format: str | Sequence[str] | None
    rate: float | Literal["auto"] | None
    burst: bool | None
    concurrency: int | None
    attempts: int | None
    timeout: float | None
    deadline: int | str | None
    reuse: int | str | None
    grace: float | None
    max_undetermined: int | None
    packs: Literal["acting", "all"] | None
    customer_link: str | None
    zone: str | None
    language: Literal["en", "de", "fr", "es", "it", "nl", "pt", "ja"] | None
    report_logo: str | PathLike[str] | None
    report_title: str | None
    report_accent: str | None
    notes: str | PathLike[str] | None
    baseline: str | PathLike[str] | None
    sum: str | Sequence[str] | None
    fail_on: str | Sequence[str] | None
    limit: int | None
    sync_seconds: float | None
    sync_lines: int | None
    continue_within: int | str | None
    priority: str | Sequence[str] | None
    notify: str | Sequence[str] | None
    notify_when: str | Sequence[str] | None
    notify_secret: str
    ping: str | None
    metrics: str | PathLike[str] | None
    publish: str | Sequence[str] | None
    log_format: Literal["text", "json"] | None
    log_file: str | PathLike[str] | None
    smtp: str | None
    smtp_user: str | None
    smtp_password: str
    mail_from: str | None
    database: str | None
    database_password: str


_COMMAND_OR_OPTION = re.compile(r"\bauditor [a-z][^,;]*|--([a-z][a-z-]*)( (?=['\"\w]))?")


@contextmanager
def keywords_in_messages() -> Iterator[None]:
    """Name keywords in the messages of errors, where the command line has options. Commands to paste keep theirs."""
    known = {*all_fields(), "profile", "config"}

    def rename(found: re.Match[str]) -> str:
        name = (found[1] or "").replace("-", "_")
        return f"{name}=" if name in known else found[0]

    try:
        yield
    except AuditorError as error:
        error.message, error.hint = (_COMMAND_OR_OPTION.sub(rename, text) for text in (error.message, error.hint))
        raise

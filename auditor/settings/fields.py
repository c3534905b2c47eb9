"""Every setting, with its default and its parser. An unknown name or value is an error."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from auditor.core.connection import Proxy, Trust
from auditor.core.house_style import check_accent, check_title
from auditor.core.judge import MembershipCheck
from auditor.core.language import LANGUAGES
from auditor.core.mail_address import read_mail_address
from auditor.core.results import FailOn, NotifyWhen
from auditor.core.run_facts import CUSTOMER_LINK, FORMATS, OwnerWorkbooks, check_customer_link
from auditor.core.secret_url import SecretUrl
from auditor.core.store_url import check_store_url, hide_store_secrets
from auditor.errors import SettingsError
from auditor.settings import parsers
from auditor.settings.parsers import AUTO, CLOUDS, Secret

PREFIX = "AUDITOR_"
FLAG, KEYWORD = "flag", "keyword"
"""Origins of a setting that the caller gave: an option of the command line, a keyword of a Python function."""
PARTNER_CENTER = "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"
"""Application id of the resource "Microsoft Partner Center", which a token may name instead of the API's URL."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The effective settings. `None` means not set.

    The JSON Schema of the settings file and the file that `auditor init` writes are made from this class: the meanings below are
    what an editor and that file show. "For example `x`." at the end of a meaning gives a value to show where there is no default.

    Attributes:
        api_url: base URL of the API; without it, that of the cloud. For example `https://api.partnercenter.microsoft.com`.
        cloud: the Microsoft cloud, which chooses the API and the sign-in service.
        authority: URL of the sign-in service; without it, that of the cloud. For example
            `https://login.microsoftonline.com/contoso.example`.
        tenant_id: the partner's tenant, as an id or a domain name. For example `contoso.example`.
        client_id: the app registration that signs in: its Application (client) ID. For example
            `00000000-0000-0000-0000-000000000000`.
        access_token: an App+User token from another program, used unchanged if there is no other sign-in.
        refresh_token: a refresh token from another program; each renewal writes the new token to its file.
        client_secret: the secret of the app registration, if it is a confidential client.
        client_certificate: a file with the certificate and the private key of the app registration, PEM or PKCS #12. For example
            `/etc/auditor/certificate.pem`.
        client_certificate_password: the password of that file.
        token_store: the folder where the sign-in is stored; without it, in the user's state folder. For example
            `/var/lib/auditor/sign-in`.
        token_store_key: the key that encrypts the stored sign-in.
        ca_bundle: a PEM file of extra certificate authorities, for networks that inspect TLS. For example `/etc/auditor/ca.pem`.
        ca_relaxed: accept certificates whose form breaks RFC 5280; everything else is verified.
        proxy: the proxy, without user name and password, or none; without it, HTTPS_PROXY decides. For example
            `http://proxy.example:3128`.
        no_proxy: hosts to reach without a proxy, separated by commas. For example `localhost,.partner.example`.
        lists: the customer lists that `auditor run` audits when no list is named; without it, the partner's own customer list.
            For example `/srv/lists/customers.csv`.
        id_column: the column that holds the customer ids; without it, it is found. For example `Microsoft ID`.
        company_column: the column that holds the companies; without it, it is found. For example `Company name`.
        domain_column: the column that holds the domains; without it, it is found. For example `Primary domain name`.
        owner_column: the column that holds the account managers; without it, it is found. For example `Account manager`.
        allow_ragged: accept rows with more cells than the header, without company, domain and account manager.
        sheet: the sheets of a workbook to read; without it, they are found. For example `Customers`.
        array: the array of a JSON file to read; without it, it is found. For example `customers`.
        customer_list: when to check customers without an account status against the partner's own customer list.
        reports: the folder that the run folders are written to.
        format: the formats of the reports.
        rate: requests a minute; auto learns what the service accepts, 0 sets no rate.
        burst: use up each minute's quota at once; only where no other program uses it.
        concurrency: maximum number of requests in flight.
        attempts: maximum number of attempts for each customer.
        timeout: seconds that one request may take.
        deadline: stop sending requests after this time; without it, never. For example `5h`.
        reuse: reuse eligible answers of earlier runs that are not older than this. For example `8h`.
        grace: seconds that requests in flight have to finish once a run is stopped.
        max_undetermined: maximum number of undetermined rows for a run to count as complete.
        packs: which account managers get their own workbook: those with something to do, or all.
        customer_link: link to a customer in the workbooks and on the page; empty for no links.
        zone: time zone of the times beside UTC; without it, that of the machine. For example `Europe/Berlin`.
        language: language of workbooks, page, mails and messages.
        report_logo: a PNG or JPEG image of at most 200 kB, shown in workbooks and on the page; `logo` in the table `[report]`. For
            example `logo.png`.
        report_title: title of workbooks and page; `title` in the table `[report]`. For example `Contoso: who can buy`.
        report_accent: colour of headers, dark enough for white text; `accent` in the table `[report]`. For example `#24405e`.
        notes: a folder of workbooks that people typed into; the next workbooks have their notes. For example `/srv/notes`.
        baseline: the run to compare with, or none; without it, the last complete run of the same list. For example
            `20261130T020000Z`.
        sum: columns of the lists to add up by verdict and account manager. For example `Monthly revenue`.
        fail_on: end a complete run with exit code 10 if it has any of these. For example `newly-blocked`.
        limit: ask for the first customers only, as many as this. For example `100`.
        sync_seconds: force the journal to the disk after so many seconds.
        sync_lines: force the journal to the disk after so many lines; 0 does not count lines.
        continue_within: with `auditor run --continue`, finish an unfinished run only if it is younger; 0 always starts a new one.
        priority: who is asked first: blocked or changed customers of the run before, or the largest numbers of a column. For example
            `sum:Monthly revenue`.
        notify: where messages about runs go; the addresses are secrets, so keep the file private. For example
            `jsons://hooks.example/auditor`.
        notify_when: which ends of a run are told: always, changes (what changed since the baseline), failure.
        notify_secret: the secret that signs the messages of our own webhook.
        ping: a dead man's switch, pinged at the start and the end of a run. For example `https://hc-ping.com/your-uuid`.
        metrics: a file of metrics for Prometheus, written after each run. For example
            `/var/lib/node_exporter/textfile/auditor.prom`.
        publish: object stores that a run is copied to after it ends, as URLs without secrets. For example
            `s3://bucket/auditor`.
        log_format: the form of log lines.
        log_file: a log file, which rotates at 10 MB; without it, the log goes to standard error. For example
            `/var/log/auditor/auditor.log`.
        smtp: the mail server of `auditor mail`: smtps://host, or smtp://host with STARTTLS. For example
            `smtps://mail.partner.example`.
        smtp_user: the user name at the mail server. For example `auditor@partner.example`.
        smtp_password: the password at the mail server.
        mail_from: the sender of the mails. For example `auditor@partner.example`.
        database: the database of `auditor export`, without its password. For example `postgresql://auditor@db.example/audits`.
        database_password: the password at the database.
    """

    api_url: str | None = field(default=None, metadata={"parse": parsers.url})
    cloud: str = field(default="public", metadata={"parse": parsers.one_of(CLOUDS)})
    authority: str | None = field(default=None, metadata={"parse": parsers.url})
    tenant_id: str | None = None
    client_id: str | None = None
    access_token: Secret | None = field(default=None, metadata={"secret": True})
    refresh_token: Secret | None = field(default=None, metadata={"secret": True})
    client_secret: Secret | None = field(default=None, metadata={"secret": True})
    client_certificate: str | None = None
    client_certificate_password: Secret | None = field(default=None, metadata={"secret": True})
    token_store: str | None = None
    token_store_key: Secret | None = field(default=None, metadata={"secret": True})
    ca_bundle: str | None = None
    ca_relaxed: bool = field(default=False, metadata={"parse": parsers.flag})
    proxy: Proxy | None = field(default=None, metadata={"parse": parsers.proxy, "file": True})
    no_proxy: str = ""
    lists: tuple[str, ...] = field(default=(), metadata={"parse": str, "many": ";"})
    id_column: str | None = None
    company_column: str | None = None
    domain_column: str | None = None
    owner_column: str | None = None
    allow_ragged: bool = field(default=False, metadata={"parse": parsers.flag})
    sheet: tuple[str, ...] = field(default=(), metadata={"parse": str, "many": ";"})
    array: str | None = None
    customer_list: MembershipCheck = field(
        default=MembershipCheck.AUTO, metadata={"parse": parsers.one_of(MembershipCheck)}
    )
    reports: str = field(default="reports", metadata={"parse": parsers.local_folder})
    format: tuple[str, ...] = field(
        default=FORMATS, metadata={"parse": parsers.one_of(FORMATS), "many": ",", "order": FORMATS}
    )
    rate: float = field(default=500.0, metadata={"parse": parsers.rate})
    burst: bool = field(default=False, metadata={"parse": parsers.flag})
    concurrency: int = field(default=16, metadata={"parse": parsers.number(int, 1, 1000)})
    attempts: int = field(default=5, metadata={"parse": parsers.number(int, 1)})
    timeout: float = field(default=180.0, metadata={"parse": parsers.number(float, 0.1)})
    deadline: float | None = field(default=None, metadata={"parse": parsers.duration})
    reuse: float | None = field(default=None, metadata={"parse": parsers.duration})
    grace: float = field(default=30.0, metadata={"parse": parsers.number(float, 0)})
    max_undetermined: int = field(default=0, metadata={"parse": parsers.number(int, 0)})
    packs: OwnerWorkbooks = field(default=OwnerWorkbooks.ACTING, metadata={"parse": parsers.one_of(OwnerWorkbooks)})
    customer_link: str = field(default=CUSTOMER_LINK, metadata={"parse": check_customer_link})
    zone: str | None = field(default=None, metadata={"parse": parsers.zone})
    language: str = field(default="en", metadata={"parse": parsers.one_of(LANGUAGES)})
    report_logo: str | None = None
    report_title: str = field(default="", metadata={"parse": check_title})
    report_accent: str = field(default="", metadata={"parse": check_accent})
    notes: str | None = field(default=None, metadata={"parse": parsers.local_folder})
    baseline: str | None = field(default=None, metadata={"parse": parsers.local_folder})
    sum: tuple[str, ...] = field(default=(), metadata={"parse": str, "many": ";"})
    fail_on: tuple[str, ...] = field(
        default=(), metadata={"parse": parsers.one_of(each.value for each in FailOn), "many": ","}
    )
    limit: int | None = field(default=None, metadata={"parse": parsers.number(int, 1)})
    sync_seconds: float = field(default=1.0, metadata={"parse": parsers.number(float, 0)})
    sync_lines: int = field(default=0, metadata={"parse": parsers.number(int, 0)})
    continue_within: float = field(default=72000.0, metadata={"parse": parsers.duration_or_zero})
    priority: tuple[str, ...] = field(default=(), metadata={"parse": parsers.priority, "many": ","})
    notify: tuple[SecretUrl, ...] = field(default=(), metadata={"parse": parsers.channel, "many": ";", "file": True})
    notify_when: tuple[NotifyWhen, ...] = field(
        default=(NotifyWhen.CHANGES, NotifyWhen.FAILURE),
        metadata={"parse": parsers.one_of(NotifyWhen), "many": ",", "order": tuple(NotifyWhen)},
    )
    notify_secret: Secret | None = field(default=None, metadata={"secret": True})
    ping: SecretUrl | None = field(default=None, metadata={"parse": parsers.ping, "file": True})
    metrics: str | None = None
    publish: tuple[str, ...] = field(default=(), metadata={"parse": check_store_url, "many": ";"})
    log_format: str = field(default="text", metadata={"parse": parsers.one_of(("text", "json"))})
    log_file: str | None = None
    smtp: str | None = field(default=None, metadata={"parse": parsers.smtp})
    smtp_user: str | None = None
    smtp_password: Secret | None = field(default=None, metadata={"secret": True})
    mail_from: str | None = field(default=None, metadata={"parse": read_mail_address})
    database: str | None = field(default=None, metadata={"parse": parsers.database})
    database_password: Secret | None = field(default=None, metadata={"secret": True})

    @property
    def api(self) -> str:
        """Base URL of the API."""
        return self.api_url or CLOUDS[self.cloud][0]

    @property
    def trust(self) -> Trust:
        """What TLS trusts in addition to the system's certificate authorities."""
        return Trust(self.ca_bundle, relaxed=self.ca_relaxed)

    @property
    def scope(self) -> str:
        """The delegated permission to ask the sign-in service for."""
        return f"{CLOUDS[self.cloud][0]}/user_impersonation"

    @property
    def audiences(self) -> tuple[str, ...]:
        """The audiences that a token for the API may have."""
        return (CLOUDS[self.cloud][0], PARTNER_CENTER)

    @property
    def sign_in_authority(self) -> str:
        """URL of the sign-in service with the tenant as its path."""
        return self.authority or f"{CLOUDS[self.cloud][1]}/{self.tenant_id or 'organizations'}"


def reparse(name: str, value: object, origin: str) -> Any:
    """Parse a setting from a run's header, with the same checks as for a new one.

    Raises:
        SettingsError: the value is invalid, or there is no such setting.
    """
    check_known(name, origin)
    return value if value == AUTO and name == "rate" else parse(name, value, origin)


def all_fields() -> dict[str, Mapping[str, Any]]:
    """Name of each setting -> how it is parsed."""
    return {f.name: f.metadata for f in fields(Settings)}


def check_known(name: str, origin: str) -> None:
    """Refuse an unknown setting.

    Raises:
        SettingsError: there is no setting of this name; the message names its origin.
    """
    if name not in all_fields():
        near = difflib.get_close_matches(name, all_fields(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else "docs/settings.md has every setting"
        raise SettingsError(f"{origin}: there is no setting {name!r}", hint)


def parse(name: str, value: object, origin: str) -> Any:
    """Parse the value of a setting.

    Raises:
        SettingsError: the value is invalid; the message shows it as it was typed, without a password.
    """
    metadata = all_fields()[name]
    if metadata.get("secret"):
        return value if isinstance(value, Secret) else Secret(str(value))
    value = value.reveal() if isinstance(value, Secret) else value
    try:
        text = parsers.without_nul(str(value))
        return _parse_several(value, metadata) if "many" in metadata else metadata.get("parse", str)(text)
    except parsers.UnknownValueError as error:
        near = difflib.get_close_matches(error.text, error.known, n=1)
        raise SettingsError(
            f"unknown value {error.text!r} for {_place(name, origin)}; {error}",
            f"did you mean {near[0]}?" if near else _how_to_change(name, origin),
        ) from None
    except ValueError as error:
        shown = _without_secrets(name, value)
        raise SettingsError(f"{_as_typed(name, shown, origin)}: {error}", _how_to_change(name, origin)) from None


def _without_secrets(name: str, value: object) -> str:
    """An invalid value for a message."""
    if name in {"database", "notify", "ping", "publish"}:
        # the error names what may be shown of the URL, if anything
        return "…"
    return repr(str(Proxy(str(value)))) if name == "proxy" else hide_store_secrets(repr(value))


def _place(name: str, origin: str) -> str:
    """The origin of a setting, as the user wrote it."""
    if origin == FLAG:
        return f"--{name.replace('_', '-')}"
    if origin == KEYWORD:
        return name
    return f"{PREFIX}{name.upper()}" if origin == "environment" else f"{name} in {origin}"


def _as_typed(name: str, shown: str, origin: str) -> str:
    """A setting with its value, as the user wrote it."""
    if origin == KEYWORD:
        return f"{name}={shown}"
    if origin in {FLAG, "environment"}:
        return f"{_place(name, origin)}{' ' if origin == FLAG else '='}{shown.strip(chr(39))}"
    return f"{origin}: {name} = {shown}"


def _how_to_change(name: str, origin: str) -> str:
    if origin == FLAG:
        return f"give {_place(name, origin)} another value; auditor run --help says which"
    if origin == KEYWORD:
        return f"give {name} another value; docs/settings.md explains every setting"
    return f"set {_place(name, origin)} to another value, or remove it; docs/settings.md explains every setting"


def _parse_several(value: object, metadata: Mapping[str, Any]) -> tuple[Any, ...]:
    """Parse a setting with several values: a list, or a text with separators, or one of several lines, as in a file.

    A closed list needs at least one value.
    """
    separator = metadata["many"]
    items = value if isinstance(value, list | tuple) else str(value).replace("\n", separator).split(separator)
    found = tuple(metadata["parse"](text) for item in items if (text := str(item).strip()))
    if order := metadata.get("order"):
        found = tuple(one for one in order if one in found)
        if not found:
            raise ValueError(f"must name at least one of {', '.join(order)}")
    return found

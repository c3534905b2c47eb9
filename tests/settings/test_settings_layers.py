"""Settings: which layer wins, and what is refused."""

from pathlib import Path

import pytest

from auditor.errors import SettingsError
from auditor.settings import CLOUDS, Secret, load


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    """The order of the layers, and where each value came from."""
    file = tmp_path / "a.toml"
    file.write_text("rate = 100\nconcurrency = 3\nattempts = 2\n[profile.night]\nrate = 200\n", encoding="utf-8")
    environment = {"AUDITOR_CONCURRENCY": "4"}
    settings, origins = load({"attempts": "9"}, environment=environment, config=str(file), profile="night")
    assert (settings.rate, settings.concurrency, settings.attempts, settings.timeout) == (200, 4, 9, 180)
    assert origins.by_name["rate"].endswith("[profile.night]")
    assert origins.by_name["concurrency"] == "environment AUDITOR_CONCURRENCY"
    assert origins.by_name["attempts"] == "flag"
    assert origins.by_name["timeout"] == "default"


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"AUDITOR_CONCURENCY": "4"}, "did you mean 'concurrency'"),
        ({"AUDITOR_RATE": "fast"}, "must be a number"),
        ({"AUDITOR_RATE": "nan"}, "must be 0 or more"),
        ({"AUDITOR_RATE": "-1"}, "must be 0 or more"),
        ({"AUDITOR_CONCURRENCY": "0"}, "must be 1 or more"),
        ({"AUDITOR_CONCURRENCY": "2.5"}, "must be a whole number"),
        ({"AUDITOR_CLOUD": "mars"}, "public, us-gov, china"),
        ({"AUDITOR_REPORTS": "s3://bucket/runs"}, "AUDITOR_REPORTS=s3://bucket/runs: must be a folder"),
        ({"AUDITOR_BASELINE": "abfss://lake/runs/x"}, "must be a folder"),
        ({"AUDITOR_API_URL": "http://api.example"}, "loopback"),
        ({"AUDITOR_API_URL": "ftp://api.example"}, "https"),
        ({"AUDITOR_API_URL": "https://api.example/?"}, "without a query"),
        ({"AUDITOR_API_URL": "https://api.example/#"}, "without a query"),
        ({"AUDITOR_API_URL": "https://api.example:99999"}, "out of range"),
        ({"AUDITOR_API_URL": "https://api.example:abc"}, "AUDITOR_API_URL=https://api.example:abc: "),
        ({"AUDITOR_CONCURRENCY": "99999999999999999999"}, "1000 or less"),
        ({"AUDITOR_DEADLINE": "soon"}, "such as 90s"),
        ({"AUDITOR_API_URL": "https://user:pw@api.example"}, "password"),
        ({"AUDITOR_ACCESS_TOKEN_FILE": "/nowhere/at/all"}, "cannot be read"),
        ({"AUDITOR_PACKS": "some"}, "acting, all"),
        ({"AUDITOR_REPORT_ACCENT": "red"}, "AUDITOR_REPORT_ACCENT=red: must be a colour such as #24405e"),
        ({"AUDITOR_REPORT_ACCENT": "#ffd700"}, "must be darker: white text on it has a contrast of 1.4"),
        ({"AUDITOR_REPORT_TITLE": "two\nlines"}, "must be one line of at most 80 characters"),
        ({"AUDITOR_ZONE": "Mars/Olympus"}, "such as Europe/Berlin"),
        ({"AUDITOR_ZONE": "/etc/passwd"}, "such as Europe/Berlin"),
        ({"AUDITOR_CUSTOMER_LINK": "https://crm.example/"}, "must hold {customer_id}"),
        ({"AUDITOR_CUSTOMER_LINK": "javascript:{customer_id}"}, "must be a web address"),
        ({"AUDITOR_CUSTOMER_LINK": 'https://crm.example/"{customer_id}'}, "must be a web address"),
        ({"AUDITOR_CUSTOMER_LINK": "https://crm.example/{customer_id}/" + "x" * 2000}, "at most 1,900"),
    ],
)
def test_a_bad_value_is_refused_with_the_reason(environment: dict[str, str], words: str) -> None:
    """The error names the value, and the reason or the nearest known name."""
    with pytest.raises(SettingsError) as caught:
        load({}, environment=environment)
    assert words in f"{caught.value.message} {caught.value.hint}"
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("name", ["token_store", "client_certificate", "reports", "ca_bundle", "baseline", "client_id"])
def test_a_nul_is_refused_with_the_name_of_its_setting(tmp_path: Path, name: str) -> None:
    """No path or name can hold a NUL, but a TOML file can."""
    file = tmp_path / "a.toml"
    file.write_text(f'{name} = "a\\u0000b"\n')
    with pytest.raises(SettingsError, match=rf"{name} = 'a\\x00b': must not hold a NUL"):
        load({}, environment={}, config=str(file))
    with pytest.raises(SettingsError, match="must not hold a NUL"):
        load({name: "a\0b"}, environment={})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("0090s", 90), ("2d", 172800), ("1234567890s", 1234567890)]
    + [(text, 100 * 365 * 86400) for text in ("800000d", "9" * 20 + "s", "1" + "0" * 5000 + "h")],
)
def test_a_duration_has_a_maximum(text: str, seconds: float) -> None:
    """Longer durations are reduced to a hundred years, so that dates can be computed."""
    assert load({"reuse": text}, environment={})[0].reuse == seconds


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:9/", "https://api.example"]
)
def test_plain_http_is_for_loopback(url: str) -> None:
    """A simulator on this machine may be plain; anything else must be TLS."""
    assert load({}, environment={"AUDITOR_API_URL": url})[0].api == url.rstrip("/")


def test_a_secret_in_a_file_is_refused_and_never_shown(tmp_path: Path) -> None:
    """Secrets come from the environment or a file of their own, and no repr shows them."""
    token = tmp_path / "token"
    token.write_text("\ufeffmarked-secret\n", encoding="utf-8")
    settings, _ = load({}, environment={"AUDITOR_ACCESS_TOKEN_FILE": str(token)})
    assert isinstance(settings.access_token, Secret)
    assert settings.access_token.reveal() == "marked-secret"
    assert "marked" not in repr(settings)
    file = tmp_path / "a.toml"
    file.write_text('access_token = "marked-secret"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match="is a secret") as caught:
        load({}, environment={}, config=str(file))
    assert "marked" not in str(caught.value)


def test_a_cloud_picks_api_and_authority() -> None:
    """The national clouds have addresses of their own."""
    settings, _ = load({}, environment={"AUDITOR_CLOUD": "china", "AUDITOR_TENANT_ID": "t"})
    assert settings.api == CLOUDS["china"][0]
    assert settings.sign_in_authority == f"{CLOUDS['china'][1]}/t"


@pytest.mark.parametrize("text", ["rate = [1", "rates = 5", "[profile.a]\nrates = 5"])
def test_a_bad_file_is_refused(tmp_path: Path, text: str) -> None:
    """Broken TOML and unknown keys are errors, in a profile too."""
    file = tmp_path / "a.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError):
        load({}, environment={}, config=str(file), profile="a" if "profile" in text else None)


@pytest.mark.parametrize("line", ["rates = 5", 'client_secret = "marked"', 'proxy = "http://a:marked@proxy"'])
@pytest.mark.parametrize("selected", [None, "day"])
def test_a_profile_that_is_not_selected_is_checked_too(tmp_path: Path, line: str, selected: str | None) -> None:
    """A secret in it is just as readable, and a misspelt key would show only in the run that uses it."""
    file = tmp_path / "auditor.toml"
    file.write_text(f"rate = 1\n[profile.day]\nrate = 2\n[profile.night]\n{line}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"\[profile.night\]") as refused:
        load({}, environment={}, config=str(file), profile=selected)
    assert "marked" not in f"{refused.value} {refused.value.hint}"


ONE, OTHER = "6f2c3b7e-8f0a-4a53-9d71-5b1f0c2e7a10", "7f2c3b7e-8f0a-4a53-9d71-5b1f0c2e7a10"


@pytest.mark.parametrize(
    ("tenant", "path", "fits"),
    [
        (ONE, f"/{ONE.upper()}/", True),
        (ONE, "/contoso.example", True),
        ("contoso.example", f"/{ONE}", True),
        (ONE, "/organizations", True),
        (ONE, "", True),
        (ONE, f"/{OTHER}", False),
        ("contoso.example", "/fabrikam.example", False),
    ],
)
def test_a_tenant_that_the_authority_contradicts_is_refused(tenant: str, path: str, fits: bool) -> None:  # noqa: FBT001 - a table's column
    """The error names both and their origins: a run would ask one tenant and report about another."""
    environment = {"AUDITOR_TENANT_ID": tenant, "AUDITOR_AUTHORITY": f"https://login.example{path}"}
    if fits:
        assert load({}, environment=environment)[0].tenant_id == tenant
        return
    with pytest.raises(SettingsError, match="names another tenant") as refused:
        load({}, environment=environment)
    assert "environment AUDITOR_TENANT_ID" in refused.value.message
    assert "environment AUDITOR_AUTHORITY" in refused.value.message


def test_a_missing_file_or_profile_is_refused(tmp_path: Path) -> None:
    """A file or profile that the user names must exist."""
    with pytest.raises(SettingsError, match="does not exist"):
        load({}, environment={}, config=str(tmp_path / "none.toml"))
    with pytest.raises(SettingsError, match="no settings file"):
        load({}, environment={}, profile="night")
    file = tmp_path / "a.toml"
    file.write_text("[profile.day]\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="it has: day"):
        load({}, environment={}, config=str(file), profile="night")


def test_no_message_shows_a_secret(tmp_path: Path) -> None:
    """A password in a URL, or the token where the name of its file should be, is not printed."""
    for environment in (
        {"AUDITOR_API_URL": "https://bob:marked-secret@api.example"},
        {"AUDITOR_ACCESS_TOKEN_FILE": str(tmp_path / "marked-secret")},
    ):
        with pytest.raises(SettingsError) as caught:
            load({}, environment=environment)
        assert "marked" not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(
    ("environment", "proxy", "no_proxy", "origin"),
    [
        ({}, None, "", "default"),
        ({"HTTPS_PROXY": "p:1"}, "http://p:1", "localhost,127.0.0.0/8,::1", "environment HTTPS_PROXY"),
        ({"https_proxy": "p:1", "no_proxy": "a.example"}, "http://p:1", "a.example,localhost,127.0.0.0/8,::1", "environment https_proxy"),
        ({"ALL_PROXY": "socks5://p:1"}, "socks5://p:1", "localhost,127.0.0.0/8,::1", "environment ALL_PROXY"),
        ({"HTTP_PROXY": "p:1"}, None, "", "default"),
        ({"HTTPS_PROXY": "p:1", "AUDITOR_PROXY": "q:2", "NO_PROXY": "b"}, "http://q:2", "b", "environment AUDITOR_PROXY"),
        ({"HTTPS_PROXY": "p:1", "AUDITOR_PROXY": "None"}, None, "", "environment AUDITOR_PROXY"),
        ({"AUDITOR_PROXY": "q:2", "NO_PROXY": "b", "AUDITOR_NO_PROXY": "c"}, "http://q:2", "c", "environment AUDITOR_PROXY"),
    ],
)  # fmt: skip
def test_common_proxy_variables_are_below_ours(
    environment: dict[str, str], proxy: str | None, no_proxy: str, origin: str
) -> None:
    """HTTPS_PROXY and NO_PROXY count only if ours are not set; with HTTPS_PROXY, this machine is reached directly."""
    settings, origins = load({}, environment=environment)
    assert (settings.proxy and str(settings.proxy), settings.no_proxy) == (proxy, no_proxy)
    assert origins.by_name["proxy"] == origin


def test_a_proxy_in_a_file_may_not_hold_a_password(tmp_path: Path) -> None:
    """A settings file may name the proxy; its password comes from the environment or its own file, and is never shown."""
    file = tmp_path / "a.toml"
    file.write_text('proxy = "http://proxy.example:3128"\n', encoding="utf-8")
    assert str(load({}, environment={"HTTPS_PROXY": "p:1"}, config=str(file))[0].proxy) == "http://proxy.example:3128"
    file.write_text('proxy = "http://ada:marked@proxy.example"\n', encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load({}, environment={}, config=str(file))
    assert "marked" not in f"{caught.value.message} {caught.value.hint}"
    secret = tmp_path / "proxy"
    secret.write_text("http://ada:marked@proxy.example:1\n", encoding="utf-8")
    settings, _ = load({}, environment={"AUDITOR_PROXY_FILE": str(secret)})
    assert settings.proxy is not None
    assert settings.proxy.reveal() == "http://ada:marked@proxy.example:1"
    assert "marked" not in repr(settings)
    with pytest.raises(SettingsError) as caught:
        load({}, environment={"AUDITOR_PROXY": "socks5://ada:marked@proxy.example:1"})
    assert "marked" not in f"{caught.value.message} {caught.value.hint}"
    assert "SOCKS" in caught.value.message


def test_settings_with_several_values(tmp_path: Path) -> None:
    """A list in the file, `;` and `,` between them in the environment; a column on a flag is taken as it is."""
    (tmp_path / "s.toml").write_text('sum = ["Revenue; net", "Seats"]\nfail_on = "blocked"\n', encoding="utf-8")
    config = str(tmp_path / "s.toml")
    assert load({}, environment={}, config=config)[0].sum == ("Revenue; net", "Seats")
    environment = {"AUDITOR_SUM": "Revenue; Seats", "AUDITOR_FAIL_ON": "changes, newly-blocked"}
    found, _ = load({}, environment=environment, config=config)
    assert (found.sum, found.fail_on) == (("Revenue", "Seats"), ("changes", "newly-blocked"))
    assert load({"sum": ("a;b",)}, environment=environment)[0].sum == ("a;b",)
    with pytest.raises(SettingsError, match="newly-blocked"):
        load({"fail_on": "blocked,sometimes"}, environment={})


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("smtps://mail.contoso.com", "smtps://mail.contoso.com:465"),
        ("smtp://mail.contoso.com/", "smtp://mail.contoso.com:587"),
        ("smtp://localhost:25", "smtp://localhost:25"),
        ("smtps://[::1]:2465", "smtps://[::1]:2465"),
    ],
)
def test_a_mail_server_has_the_port_of_its_scheme(text: str, server: str) -> None:
    """Unless it names another one."""
    assert load({}, environment={"AUDITOR_SMTP": text})[0].smtp == server


@pytest.mark.parametrize(
    "text",
    [
        "mail.contoso.com",
        "https://mail",
        "smtp://",
        "smtp://mail/path",
        "smtp://mail:x",
        "smtps://ann@mail",
        "smtp://a b",
    ],
)
def test_what_is_no_mail_server(text: str) -> None:
    """A user and a password are settings of their own."""
    with pytest.raises(SettingsError, match="AUDITOR_SMTP="):
        load({}, environment={"AUDITOR_SMTP": text})


def test_the_look_of_the_reports(tmp_path: Path) -> None:
    """A table of the file, and of a profile; or environment variables."""
    file = tmp_path / "a.toml"
    file.write_text(
        '[report]\nlogo = "logo.png"\ntitle = "Contoso"\naccent = "#245"\n'
        '[profile.north]\nrate = 1\n[profile.north.report]\ntitle = "North"\n',
        encoding="utf-8",
    )
    settings, origins = load({}, environment={"AUDITOR_REPORT_LOGO": "other.png"}, config=str(file), profile="north")
    assert (settings.report_logo, settings.report_title, settings.report_accent) == ("other.png", "North", "#224455")
    assert origins.by_name["report_title"].endswith("[profile.north]")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('report = "x"', "report is not a table"),
        ("[report]\nlogos = 1", "there is no setting 'report_logos' did you mean 'report_logo'"),
        ('[report]\naccent = "white"', "must be a colour"),
    ],
)
def test_a_look_that_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """With its file and the reason."""
    file = tmp_path / "a.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load({}, environment={}, config=str(file))
    assert words in f"{caught.value.message} {caught.value.hint}"

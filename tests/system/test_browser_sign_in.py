"""`auditor login` in a real browser: Debian's headless Chromium, driven through its own driver, at the sign-in pages."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import title_is
from selenium.webdriver.support.wait import WebDriverWait

from auditor.cli import main
from auditor.simulator import Simulator
from sign_in_support import grants, sign_in_service

pytestmark = pytest.mark.system

CODE = re.compile(r"enter the code ([0-9A-F]+)")
ADDRESS = re.compile(r"https://\S+")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A headless Chromium for loopback addresses only; it does not trust the simulator's temporary authority."""
    options = ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    options.accept_insecure_certs = True
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--no-proxy-server",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
        f"--user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):
        options.add_argument(argument)
    driver = Chrome(options, ChromeService(str(shutil.which("chromedriver"))))
    yield driver
    driver.quit()


def use(monkeypatch: pytest.MonkeyPatch, simulator: Simulator) -> None:
    """Set the operator's environment variables."""
    monkeypatch.setenv("AUDITOR_API_URL", simulator.api_url)
    monkeypatch.setenv("AUDITOR_AUTHORITY", simulator.authority)
    monkeypatch.setenv("AUDITOR_CLIENT_ID", simulator.client_id)
    monkeypatch.setenv("AUDITOR_CA_BUNDLE", str(simulator.ca_file))


@contextmanager
def login(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """`auditor login` in its own process."""
    command = [sys.executable, "-m", "auditor", "login", "--json", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(stream: IO[str] | None, words: re.Pattern[str]) -> str:
    """Read the program's output until the first match; return it."""
    assert stream is not None
    for line in stream:
        if found := words.search(line):
            return found.group(found.re.groups)
    raise AssertionError("the program ended without saying where to sign in")


def press(browser: Chrome, button: str) -> None:
    """Press one of the page's buttons."""
    browser.find_element(By.ID, button).click()


def test_a_person_signs_in(monkeypatch: pytest.MonkeyPatch, browser: Chrome, tmp_path: Path) -> None:
    """The browser returns to the program, with no code in the address; the next run needs no browser."""
    with sign_in_service() as simulator:
        use(monkeypatch, simulator)
        with login("--no-browser") as process:
            browser.get(read_until(process.stderr, ADDRESS))
            press(browser, "accept")
            WebDriverWait(browser, 20).until(title_is("auditor: sign-in"))
            assert "You may close this window" in browser.page_source
            assert re.fullmatch(r"http://localhost:\d+/", browser.current_url)
            out, _ = process.communicate(timeout=20)
        assert process.returncode == 0
        assert json.loads(out)["user"] == "auditor@partner.example"
        assert [grant for grant, _, _ in grants(simulator)] == ["authorization_code"]
        (tmp_path / "list.txt").write_text("1f2e3d4c-0000-4000-8000-000000000001\n", encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        assert main(["run", "list.txt", "--rate", "0", "--quiet"]) == 0


def test_the_program_opens_the_browser_itself(monkeypatch: pytest.MonkeyPatch, browser: Chrome, tmp_path: Path) -> None:
    """It starts the browser in BROWSER with the address that it also prints."""
    noted = tmp_path / "address"
    opener = tmp_path / "opener"
    opener.write_text(f'#!/bin/sh\nprintf %s "$1" > "{noted}.part" && mv "{noted}.part" "{noted}"\n', encoding="utf-8")
    opener.chmod(0o700)
    monkeypatch.setenv("BROWSER", f"{opener} %s")
    with sign_in_service() as simulator:
        use(monkeypatch, simulator)
        with login() as process:
            printed = read_until(process.stderr, ADDRESS)
            WebDriverWait(browser, 20).until(lambda _: noted.exists())
            assert noted.read_text(encoding="utf-8") == printed
            browser.get(printed)
            press(browser, "accept")
            assert process.wait(20) == 0


def test_a_person_cancels(monkeypatch: pytest.MonkeyPatch, browser: Chrome) -> None:
    """The page and the program say so; exit 4."""
    with sign_in_service() as simulator:
        use(monkeypatch, simulator)
        with login("--no-browser") as process:
            browser.get(read_until(process.stderr, ADDRESS))
            press(browser, "cancel")
            WebDriverWait(browser, 20).until(title_is("auditor: sign-in"))
            assert "did not succeed" in browser.page_source
            _, talk = process.communicate(timeout=20)
        assert process.returncode == 4
        assert "refused" in talk
        assert grants(simulator) == []


@pytest.mark.parametrize(("button", "code"), [("accept", 0), ("cancel", 4)])
def test_a_person_types_a_device_code(monkeypatch: pytest.MonkeyPatch, browser: Chrome, button: str, code: int) -> None:
    """The user types it on the page that the program names."""
    with sign_in_service(approve_device=False, device_interval=1) as simulator:
        use(monkeypatch, simulator)
        with login("--device-code") as process:
            typed = read_until(process.stderr, CODE)
            browser.get(f"{simulator.authority.rpartition('/')[0]}/device")
            browser.find_element(By.ID, "code").send_keys(typed)
            press(browser, button)
            _, talk = process.communicate(timeout=30)
    assert process.returncode == code, talk


def test_another_page_cannot_sign_in(monkeypatch: pytest.MonkeyPatch, browser: Chrome) -> None:
    """A page in the same browser posts its own code to the waiting program: it is refused, and the user's still arrives."""
    with sign_in_service() as simulator:
        use(monkeypatch, simulator)
        with login("--no-browser", "--port", "0") as process:
            address = read_until(process.stderr, ADDRESS)
            found = re.search(r"localhost%3A(\d+)", address)
            assert found is not None
            form = (
                f'<form id=f method=post action="http://localhost:{found.group(1)}/">'
                "<input name=code value=theirs><input name=state value=guessed></form><script>f.submit()</script>"
            )
            browser.get(f"data:text/html,{form}")
            WebDriverWait(browser, 20).until(title_is("auditor: sign-in"))
            assert "Nothing to see here" in browser.page_source
            assert process.poll() is None
            browser.get(address)
            press(browser, "accept")
            assert process.wait(20) == 0
        assert [status for _, status, _ in grants(simulator)] == [200]

"""Debian's Chromium, headless, for tests and benchmarks of report.html."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

Found = TypeVar("Found")
CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"


class Browser:
    """A browser window."""

    def __init__(self, driver: Chrome, downloads: Path) -> None:
        self.driver = driver
        self.downloads = downloads

    def open(self, page: Path, *, dark: bool = False, width: int = 1280, scripts: bool = True) -> None:
        """Open a page with these user preferences."""
        self.command("Emulation.setScriptExecutionDisabled", value=not scripts)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.command("Emulation.setEmulatedMedia", features=[scheme, still])
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.command("Emulation.setDeviceMetricsOverride", **size)
        self.logged("performance")
        self.logged("browser")
        self.driver.get(page.resolve().as_uri())

    def command(self, name: str, **given: Any) -> Any:
        """A command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(name, given)

    def logged(self, kind: str) -> list[dict[str, Any]]:
        """The log entries since the last call."""
        entries: list[dict[str, Any]] = self.driver.get_log(kind)  # type: ignore[no-untyped-call]
        return entries

    def requests(self) -> list[str]:
        """Addresses requested since the page was opened."""
        events = [json.loads(entry["message"])["message"] for entry in self.logged("performance")]
        return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]

    def find(self, selector: str) -> WebElement:
        """The first element."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        """All matching elements, in the page's order."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        """The visible texts of all matching elements."""
        script = "return Array.from(document.querySelectorAll(arguments[0]), (found) => found.innerText)"
        found: list[str] = self.run(script, selector)
        return found

    def click(self, selector: str) -> None:
        """Click the first matching element by script, at any position."""
        self.run("document.querySelector(arguments[0]).click()", selector)

    def run(self, script: str, *given: Any) -> Any:
        """The result of a script."""
        return self.driver.execute_script(script, *given)

    def downloaded(self) -> Path:
        """The downloaded file, once it is complete."""
        return wait(lambda: next((path for path in self.downloads.iterdir() if path.suffix == ".csv"), None))


def wait(found: Callable[[], Found | None]) -> Found:
    """Wait until a value is found, and return it.

    Raises:
        TimeoutError: there is nothing after ten seconds.
    """
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if (something := found()) is not None:
            return something
        time.sleep(0.02)
    raise TimeoutError("waited in vain")


@contextmanager
def chromium(downloads: Path) -> Iterator[Browser]:
    """Run Chromium while the context lasts."""
    assert Path(CHROMIUM).exists(), "Chromium is not installed: make test-system installs it"
    os.environ["SE_OFFLINE"] = "true"
    options = Options()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--lang=en"):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = Chrome(options=options, service=Service(DRIVER))
    try:
        yield Browser(driver, downloads)
    finally:
        driver.quit()

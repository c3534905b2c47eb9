"""How large is report.html, how long does it take to make, and does it stay quick in a browser?

    python tests/benchmarks/page.py [ROWS ...]      by default 5,000, 20,000 and 100,000

Size is in bytes a row of the list; making it is told beside the CSV files of the same run. In the browser (Debian's
Chromium, headless): from opening the file to the first table that answers, from a key pressed in the search field to the
rows on the screen, and the same for a click on a header; the median and the worst of several.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "system")]

from browsing import Browser, chromium  # noqa: E402 - the tests' own browser
from rendering import render  # noqa: E402 - see above
from workbook import make_run  # noqa: E402 - see above

WORDS = ("company 1", "sons", "example", "zzz", "7")
_TYPED = """
const done = arguments[1], field = document.getElementById("search"), began = performance.now();
field.value = arguments[0];
field.dispatchEvent(new Event("input"));
document.body.offsetHeight;  // lays the rows out
requestAnimationFrame(() => done(performance.now() - began));
"""
_SORTED = """
const done = arguments[1], began = performance.now();
document.querySelector(`[data-key="${arguments[0]}"]`).click();
document.body.offsetHeight;
requestAnimationFrame(() => done(performance.now() - began));
"""


def main() -> None:
    """Prints a line a length."""
    print(
        f"{'rows':>9} {'bytes/row':>9} {'csv s':>7} {'page s':>7} {'open ms':>8} {'typing ms':>14} {'sorting ms':>14}"
    )
    for rows in [int(text) for text in sys.argv[1:]] or [5_000, 20_000, 100_000]:
        with tempfile.TemporaryDirectory() as folder:
            run = Path(make_run(Path(folder) / "20261122T120000Z", rows, 40))
            seconds = []
            for form in ("csv", "html"):
                began = time.perf_counter()
                render(run, [form])
                seconds.append(time.perf_counter() - began)
            page = run / "report.html"
            size = page.stat().st_size
            with chromium(Path(folder)) as browser:
                opened, typed, sorted_ = _browse(browser, page)
        print(
            f"{rows:>9,} {size / rows:>9.1f} {seconds[0]:>7.2f} {seconds[1]:>7.2f} {opened:>8.0f} {typed:>14} {sorted_:>14}"
        )


def _browse(browser: Browser, page: Path) -> tuple[float, str, str]:
    browser.open(page)
    opened = browser.run("return performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    typed = _times(browser, _TYPED, [word[:end] for word in WORDS for end in range(1, len(word) + 1)])
    sorted_ = _times(browser, _SORTED, ("name", "owner", "days", "last", "name"))
    return opened, typed, sorted_


def _times(browser: Browser, script: str, given: Iterable[str]) -> str:
    found = [browser.driver.execute_async_script(script, word) for word in given]
    return f"{statistics.median(found):.0f} / {max(found):.0f}"


if __name__ == "__main__":
    main()

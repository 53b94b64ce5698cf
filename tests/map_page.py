"""A page in a headless browser whose network is cut: what it asks for, says, and shows."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DESK, PHONE = (1280, 800), (390, 844)


@dataclass
class Opened:
    """An open page and everything it complained about or asked for."""

    page: Any
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        return self.page.evaluate(script)

    def texts(self, selector: str) -> list[str]:
        """Texts of the elements that a selector finds."""
        found: list[str] = self.page.locator(selector).all_inner_texts()
        return found


def browser_path() -> str:
    """The system's browser, or skip the test with the reason."""
    pytest.importorskip("playwright.sync_api", reason="needs playwright (extra 'test')")
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    pytest.skip("needs Chromium: install the system's package of that name")


@contextmanager
def browser() -> Iterator[Any]:
    """A headless browser."""
    from playwright.sync_api import sync_playwright

    path = browser_path()
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        found.close()


@contextmanager
def opened(
    browser: Any, path: Path, size: tuple[int, int] = DESK, *, wait: str = "#legend .class"
) -> Iterator[Opened]:
    """The page of a file, offline; every request but the file's own is kept and refused."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, offline=True)
    page = context.new_page()
    found = Opened(page)
    own = path.as_uri()

    def answer(route: Any) -> None:
        if route.request.url == own:
            route.continue_()
        else:
            found.requests.append(route.request.url)
            route.abort()

    page.route("**/*", answer)
    page.on("console", lambda message: found.messages.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: found.messages.append(f"error: {error}"))
    page.goto(own)
    page.wait_for_selector(wait, state="attached")
    yield found
    context.close()

"""The demo served by a thread, and one Chromium for all tests of the look. No database is needed here."""

import logging
import shutil
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from app.kit import clock, phone
from tests.registries import as_before
from tests.web.demo import create_demo
from tests.web.samples.common import NOW

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(autouse=True)
def _no_company() -> Iterator[None]:
    """Other folders have told the process where a company is at home; here there is none to ask.

    And its clock stands still, here alone.
    """
    clock.set_clock(lambda: NOW)
    with as_before(phone._home, empty=True):
        yield
    clock.set_clock(None)


@pytest.fixture(scope="session")
def demo() -> Flask:
    """Return the demo application."""
    return create_demo(time=False)


@pytest.fixture(scope="session")
def site(demo: Flask) -> Iterator[str]:
    """Address of the running demo."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, demo, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of the machine, else the one that Playwright brought.

    For a file, no longer: as long as it is there, nothing else in this process has a loop of events.
    """
    path: Any = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser, demo: Flask) -> Iterator[Page]:
    demo.config["RECEIVED"].clear()
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    found = context.new_page()
    yield found
    context.close()

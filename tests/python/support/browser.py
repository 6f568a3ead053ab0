"""Pages in a headless Chromium of the machine's own, and what axe-core says of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.dbt_project import ROOT

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
NO_CHROMIUM = "Chromium is missing (apt-get install chromium)"
SCREENSHOTS = ROOT / "target" / "screenshots"


@contextmanager
def any_page(scheme: Any, width: int) -> Iterator[Any]:
    """Open an empty page of a width in a light or dark scheme."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        browser.close()


@contextmanager
def browser_page(scheme: Any, width: int) -> Iterator[Any]:
    """Open an empty page for one of ours: an error on it fails the test."""
    errors: list[str] = []
    with any_page(scheme, width) as page:
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        yield page
    assert errors == []


def serious_faults(page: Any) -> list[str]:
    """Return what axe-core finds serious or critical, and where."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {fault['nodes'][0]['html'][:200]} ({len(fault['nodes'])} times)"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]


def keep_screenshot(page: Any, name: str) -> None:
    """Keep the whole page as a picture, to be looked at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

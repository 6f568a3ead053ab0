"""An Apache Superset of the test's own, with its metadata on the tests' PostgreSQL."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import requests
from dashboards.__main__ import send
from dashboards.bundle import Document, write
from sandbox.server import Server, free_port

from support.browser import any_page, keep_screenshot
from support.dbt_project import ROOT

HOME = Path(os.environ["SUPERSET"]).absolute() if "SUPERSET" in os.environ else None
METADATA = "superset"
LOGIN = {"username": "admin", "password": "admin"}
CONFIGURATION = """
SECRET_KEY = "{secret}"
SQLALCHEMY_DATABASE_URI = "{metadata}"
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
AUTH_RATE_LIMITED = False
"""
CREATE_ADMIN = ("fab", "create-admin", "--firstname", "a", "--lastname", "b", "--email", "a@b.c")
READY_SECONDS = 180
PATIENCE = 30_000


@dataclass(frozen=True)
class Answer:
    """What a chart was told: the status of the request, and the rows."""

    chart: int
    status: int
    rows: list[dict[str, Any]]

    @classmethod
    def of(cls, said: Any) -> Answer:
        """Read the answer to a chart's request for data."""
        chart = json.loads(said.request.post_data)["form_data"]["slice_id"]
        result = said.json().get("result", [{}])
        return cls(chart, said.status, result[0].get("data", []) if said.ok else [])


@dataclass(frozen=True)
class Dashboard:
    """A dashboard's page, and what its charts were told."""

    page: Any
    answers: list[Answer]

    def keep_screenshot(self, name: str) -> None:
        """Keep the dashboard as a picture; it scrolls inside the window, which is made as high."""
        self.page.evaluate("window.scrollTo(0, 0)")
        self.page.set_viewport_size(
            {
                "width": self.page.viewport_size["width"],
                "height": self.page.evaluate("document.documentElement.scrollHeight"),
            }
        )
        self.page.wait_for_timeout(2000)
        keep_screenshot(self.page, name)


class Superset:
    """A running Superset, which bundles are imported into and whose pages are opened."""

    def __init__(self, url: str) -> None:
        self.url = url

    def take(self, file: Path, made: dict[str, Document]) -> None:
        """Import a bundle."""
        write(file, made)
        send(file, self.url)

    def names(self, kind: str) -> dict[int, str]:
        """Return what each chart or dashboard is called, by its number."""
        login = requests.post(
            f"{self.url}/api/v1/security/login", json={**LOGIN, "provider": "db"}, timeout=30
        )
        answer = requests.get(
            f"{self.url}/api/v1/{kind}/?q=(page_size:100)",
            headers={"Authorization": f"Bearer {login.json()['access_token']}"},
            timeout=30,
        )
        column = {"chart": "slice_name", "dashboard": "dashboard_title"}[kind]
        return {each["id"]: each[column] for each in answer.json()["result"]}

    @contextlib.contextmanager
    def dashboard(self, name: str, charts: int, scheme: str, width: int) -> Iterator[Dashboard]:
        """Open a dashboard, and wait until each of its charts has an answer."""
        with any_page(scheme, width) as page:
            # The tracking pixel is the only thing that a page would fetch from elsewhere.
            page.route(lambda url: not url.startswith(self.url), lambda route: route.abort())
            page.add_init_script("localStorage.setItem('superset-theme-mode', 'system')")
            page.request.post(f"{self.url}/login/", form=LOGIN)
            answers: list[Any] = []
            page.on(
                "response",
                lambda said: answers.append(said) if "/api/v1/chart/data" in said.url else None,
            )
            # Superset's own head is wider than a phone.
            head = "" if width > 600 else "?standalone=2"
            page.goto(f"{self.url}/superset/dashboard/{name.replace('_', '-')}/{head}")
            shown = page.locator("[data-test-chart-id]")
            shown.nth(charts - 1).wait_for(timeout=PATIENCE)
            for number in range(charts):
                # A chart asks for its data when it is scrolled to.
                shown.nth(number).scroll_into_view_if_needed()
                page.wait_for_timeout(300)
            for _ in range(PATIENCE // 250):
                if len(answers) >= charts and page.locator(".loading").count() == 0:
                    break
                page.wait_for_timeout(250)
            page.wait_for_timeout(1500)
            yield Dashboard(page, [Answer.of(each) for each in answers])


@contextlib.contextmanager
def running_superset(server: Server, folder: Path) -> Iterator[Superset]:
    """Set Superset up and start it; it ends with the block."""
    assert HOME is not None
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(f"drop database if exists {METADATA} with (force)".encode())
        connection.execute(f"create database {METADATA}".encode())
    metadata = f"postgresql+psycopg2://postgres@127.0.0.1:{server.port}/{METADATA}"
    configuration = folder / "superset_config.py"
    configuration.write_text(CONFIGURATION.format(secret=secrets.token_hex(32), metadata=metadata))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PG")},
        "PYTHONPATH": "",
        "SUPERSET_HOME": str(folder),
        "SUPERSET_CONFIG_PATH": str(configuration),
        "FLASK_APP": "superset.app:create_app()",
        "SCARF_ANALYTICS": "false",
    }
    log = ROOT / "target" / "superset.log"
    with log.open("w") as said:
        options: dict[str, Any] = {"env": environment, "stdout": said, "stderr": said}
        program = str(HOME / "bin" / "superset")
        for command in (
            ("db", "upgrade"),
            (*CREATE_ADMIN, *(part for name in LOGIN for part in (f"--{name}", LOGIN[name]))),
            ("init",),
        ):
            subprocess.run([program, *command], check=True, **options)
        port = free_port()
        settings = f"-b 127.0.0.1:{port} -w 1 --threads 8 -k gthread --timeout 120".split()
        served = subprocess.Popen(
            [str(HOME / "bin" / "gunicorn"), *settings, "superset.app:create_app()"], **options
        )
        try:
            _wait_until_healthy(f"http://127.0.0.1:{port}", served)
            yield Superset(f"http://127.0.0.1:{port}")
        finally:
            served.terminate()
            served.wait(30)


def _wait_until_healthy(url: str, served: subprocess.Popen[bytes]) -> None:
    began = time.monotonic()
    while time.monotonic() < began + READY_SECONDS:
        time.sleep(1)
        assert served.poll() is None, "Superset has ended; see target/superset.log."
        with contextlib.suppress(requests.RequestException):
            if requests.get(f"{url}/health", timeout=30).ok:
                return
    raise TimeoutError(f"Superset was not ready in {READY_SECONDS} seconds.")

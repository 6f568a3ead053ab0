"""The claim service's endpoint: `GET ?health=1`, and `POST` of a claim, by the reference claim.

The token of a request is the user's id: a caller who knows a user's id is taken for the user.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import click
import psycopg

from sandbox.pid_files import hold_pid_file, wait_until_running
from sandbox.server import free_port
from sandbox.writers import Purchase, claim_atomically

Answer = tuple[int, dict[str, object]]


class Endpoint(ThreadingHTTPServer):
    """Listens on loopback; port 0 takes a free one."""

    def __init__(self, dsn: str, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.dsn = dsn

    @property
    def url(self) -> str:
        """The endpoint's address."""
        return f"http://127.0.0.1:{self.server_port}/claim"

    def health(self) -> Answer:
        """Answer whether the service reaches its database."""
        with psycopg.connect(self.dsn, connect_timeout=5) as connection:
            connection.execute("select 1")
        return 200, {"status": "ok"}

    def claim(self, user_id: str, request: dict[str, str]) -> Answer:
        """Claim a purchase for the user."""
        purchase = Purchase(request["tx_id"], user_id, request["sku"])
        with psycopg.connect(self.dsn, autocommit=True, connect_timeout=5) as connection:
            answer = claim_atomically(connection, purchase)
        return answer.status_code, {"tx_id": purchase.tx_id, "error_code": answer.error_code}


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if query.get("health") != ["1"]:
            return self._answer(404, {"error_code": "not_found"})
        try:
            self._answer(*self.server.health())
        except psycopg.Error:
            self._answer(500, {"error_code": "internal_error"})

    def do_POST(self) -> None:
        scheme, _, user_id = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not user_id:
            return self._answer(401, {"error_code": "unauthorized"})
        try:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(*self.server.claim(user_id, request))
        except (TypeError, ValueError, KeyError):
            self._answer(400, {"error_code": "bad_request"})
        except psycopg.Error:
            self._answer(500, {"error_code": "internal_error"})

    def _answer(self, status: int, document: dict[str, object]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def start_endpoint(pid_file: Path, dsn: str) -> str:
    """Start an endpoint that lives on when we end; return its address."""
    port = free_port()
    options = ["--dsn", dsn, "--port", str(port), "--pid-file", str(pid_file)]
    subprocess.Popen(
        [sys.executable, "-m", "sandbox.endpoint", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    wait_until_running(pid_file)
    return f"http://127.0.0.1:{port}/claim"


@click.command()
@click.option("--dsn", required=True)
@click.option("--port", type=int, required=True)
@click.option("--pid-file", type=Path, required=True)
def main(dsn: str, port: int, pid_file: Path) -> None:
    """Serve until we are stopped, told where by the options."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with Endpoint(dsn, port) as endpoint, hold_pid_file(pid_file):
        endpoint.serve_forever()


if __name__ == "__main__":
    main()

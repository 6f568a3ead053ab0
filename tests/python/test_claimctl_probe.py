"""`claimctl probe` against a claim function on loopback, and against what is none."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sandbox.endpoint import Endpoint
from sandbox.server import free_port
from sandbox.writers import SHIELD
from support.claimctl import Answer, claimctl
from support.databases import Database
from support.documents import departures, documented

TEST_CLAIM = ("--test-claim", "--tx-id", "test-tx-123", "--sku", SHIELD)
TOKEN = {"CLAIMCTL_TOKEN": "tester"}


@pytest.fixture
def endpoint(database: Database) -> Iterator[Endpoint]:
    """The sandbox's claim function on the test's database."""
    with Endpoint(database.dsn) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that answers each connection in its own way; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/claim"
        listener.shutdown(socket.SHUT_RDWR)


def saying(text: str) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(text.replace("\n", "\r\n").encode())


def claim(url: str, *options: str) -> Answer:
    return claimctl("probe", url, *TEST_CLAIM, *options, env=TOKEN)


def test_health_with_its_latency(endpoint: Endpoint) -> None:
    answer = claimctl("probe", endpoint.url)
    assert answer.exit_code == 0
    assert answer.stdout.startswith("health: 200 in ")
    assert answer.stdout.endswith(' ms, ok. {"status": "ok"}\n')
    document = claimctl("probe", endpoint.url, "--json").document
    assert list(departures(document, documented()["probe"])) == []
    (reply,) = document["replies"]
    assert (reply["check"], reply["status"], reply["is_good"]) == ("health", 200, True)
    assert 0 < reply["latency_ms"] < 5_000


def test_a_test_claim_is_kept_and_a_second_one_meets_the_cap(
    endpoint: Endpoint, database: Database
) -> None:
    answer = claim(endpoint.url, "--yes")
    assert answer.exit_code == 0
    assert "claim: 200 in " in answer.stdout
    claims = "select tx_id, user_id, sku from purchase_claims"
    assert database.rows(claims) == [("test-tx-123", "tester", SHIELD)]

    again = claimctl(
        *("probe", endpoint.url, "--test-claim", "--tx-id", "test-2", "--sku", SHIELD, "--yes"),
        env=TOKEN,
    )
    assert again.exit_code == 1
    assert "it works, and refuses the claim." in again.stdout
    assert '"error_code": "cap_exceeded"' in again.stdout


def test_nothing_is_claimed_without_a_yes(endpoint: Endpoint, database: Database) -> None:
    answer = claim(endpoint.url)
    assert answer.exit_code == 2
    assert "pass --yes" in answer.sentence
    assert database.rows("select from purchase_claims") == []


@pytest.mark.parametrize(
    ("options", "env", "sentence"),
    [
        (("--tx-id", "1000000123456789", "--sku", SHIELD), TOKEN, "begins with test-"),
        (("--tx-id", "test-", "--sku", SHIELD), TOKEN, "begins with test-"),
        (("--tx-id", "test-1"), TOKEN, "needs --tx-id and --sku"),
        (("--sku", SHIELD), TOKEN, "needs --tx-id and --sku"),
        (("--tx-id", "test-1", "--sku", SHIELD), {}, "CLAIMCTL_TOKEN holds no token"),
        (
            ("--tx-id", "test-1", "--sku", SHIELD),
            {"CLAIMCTL_TOKEN": "a\nHost: elsewhere"},
            "CLAIMCTL_TOKEN holds no token",
        ),
    ],
)
def test_a_claim_that_could_be_a_customers_is_refused(
    endpoint: Endpoint,
    database: Database,
    options: tuple[str, ...],
    env: dict[str, str],
    sentence: str,
) -> None:
    env = {"CLAIMCTL_TOKEN": "", **env}
    answer = claimctl("probe", endpoint.url, "--test-claim", "--yes", *options, env=env)
    assert answer.exit_code == 2
    assert sentence in answer.sentence
    assert database.rows("select from purchase_claims") == []


def test_options_of_a_claim_need_the_claim(endpoint: Endpoint) -> None:
    answer = claimctl("probe", endpoint.url, "--sku", SHIELD)
    assert answer.exit_code == 2
    assert "belong to --test-claim" in answer.sentence


def test_a_service_without_its_database_fails() -> None:
    with Endpoint(f"host=127.0.0.1 port={free_port()}") as endpoint:
        threading.Thread(target=endpoint.serve_forever, args=(0.01,)).start()
        answer = claimctl("probe", endpoint.url)
        endpoint.shutdown()
    assert answer.exit_code == 1
    assert "health: 500 in " in answer.stdout
    assert "it fails." in answer.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("HTTP/1.0 404 Not Found\n\n", "404"),
        (
            "HTTP/1.0 302 Found\nLocation: http://127.0.0.1:1/\n\n",
            "it redirects to another address",
        ),
        ("HTTP/1.0 200 OK\n\n\x1b[2Jgone", "\\x1b[2Jgone"),
    ],
)
def test_what_it_answers_is_told(text: str, said: str) -> None:
    with answering(saying(text)) as url:
        answer = claimctl("probe", url)
    assert answer.exit_code == (0 if " 200 " in text else 1)
    assert said in answer.stdout
    assert "\x1b" not in answer.stdout


@pytest.mark.parametrize("text", ["SSH-2.0-OpenSSH\n", "", "\x00\x01\x02"])
def test_garbage_is_no_claim_function(text: str) -> None:
    with answering(saying(text)) as url:
        answer = claimctl("probe", url)
    assert answer.exit_code == 1
    assert "not in HTTP" in answer.sentence


def test_a_body_that_ends_early_cannot_be_read() -> None:
    text = "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nff\nshort"
    with answering(saying(text)) as url:
        answer = claimctl("probe", url)
    assert answer.exit_code == 1
    assert "sent an answer that cannot be read" in answer.sentence


def trickle(connection: socket.socket) -> None:
    """Send a letter now and then, for ever."""
    try:
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"." * 1_024)
            time.sleep(0.1)
    except OSError:
        return


def test_nobody_waits_longer_than_told() -> None:
    for answer in (lambda _: time.sleep(1.5), trickle):
        with answering(answer) as url:
            started = time.monotonic()
            told = claimctl("probe", url, "--timeout", "0.5")
            assert time.monotonic() - started < 1.4
        assert told.exit_code == 3
        assert "did not answer within 0.5 seconds" in told.sentence


def test_nobody_answers() -> None:
    for host in (f"127.0.0.1:{free_port()}", "no-such-host.invalid"):
        answer = claimctl("probe", f"https://oncall:secret@{host}/claim?key=secret")
        assert answer.exit_code == 3
        assert f"Nobody answers at https://{host}/claim" in answer.sentence
        assert "secret" not in answer.sentence


@pytest.mark.parametrize(
    "url", ["claim", "ftp://example.com/claim", "https://", "http://[::1", "http://a:b:c/"]
)
def test_what_is_no_url_is_wrong_usage(url: str) -> None:
    answer = claimctl("probe", url)
    assert answer.exit_code == 2
    assert "is no URL of a web service" in answer.sentence

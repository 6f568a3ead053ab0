"""Requests to the claim service's endpoint, each with its latency."""

from __future__ import annotations

import re
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from claimctl.errors import ClaimctlError, NoConnectionError, WrongUsageError

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

MOST_BYTES = 65_536
SHOWN_LETTERS = 200


@dataclass(frozen=True)
class Reply:
    """What the endpoint answered, and how long it took."""

    check: str
    status: int
    latency_ms: float
    body: str

    @property
    def is_good(self) -> bool:
        """Whether it is the answer that one hopes for."""
        return self.status == 200

    @property
    def sentence(self) -> str:
        """What it means."""
        meanings = {
            401: "it does not know the token",
            403: "it does not allow it: a wrong token, or the SKU is switched off",
            404: "there is no claim function at this address",
            409: "it works, and refuses the claim",
        }
        if 300 <= self.status < 400:
            return "it redirects to another address, which is not followed: name that address"
        if self.status >= 500:
            return "it fails"
        return "ok" if self.is_good else meanings.get(self.status, "it does not take the request")

    def document(self) -> dict[str, Any]:
        """Return it for programs."""
        return {**asdict(self), "is_good": self.is_good, "meaning": self.sentence}


def check_url(url: str) -> str:
    """Refuse what is no address of a web service; return the address without a secret in it."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        parts, port = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not _is_host(parts.hostname or ""):
        raise WrongUsageError("That is no URL of a web service: it begins with https://.")
    return urlunsplit((parts.scheme, f"{parts.hostname}{port}", parts.path, "", ""))


def _is_host(name: str) -> bool:
    """Return whether a name can be one of a host: labels of 1 to 63 letters, or an address."""
    if ":" in name:
        return True
    try:
        labels = name.encode("idna").decode().removesuffix(".").split(".")
    except UnicodeError:
        return False
    return all(re.fullmatch(r"[A-Za-z0-9_-]{1,63}", label) for label in labels)


def check_health(url: str, timeout: float) -> Reply:
    """Ask for the endpoint's health."""
    return _request("health", "GET", url, timeout, params={"health": "1"})


def claim(url: str, timeout: float, token: str, tx_id: str, sku: str) -> Reply:
    """Send a claim, as the app does."""

    def sign(request: PreparedRequest) -> PreparedRequest:
        # As a function, so that no .netrc replaces it.
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return _request("claim", "POST", url, timeout, json={"sku": sku, "tx_id": tx_id}, auth=sign)


def _request(check: str, method: str, url: str, timeout: float, **what: Any) -> Reply:
    """Send one request; no answer in time, or none in HTTP, is told in one sentence."""
    import requests

    shown = check_url(url)
    started = time.monotonic()
    try:
        with requests.request(
            method, url, timeout=timeout, allow_redirects=False, stream=True, **what
        ) as response:
            body = _read(response, started + timeout)
            latency_ms = round(1_000 * (time.monotonic() - started), 1)
            return Reply(check, response.status_code, latency_ms, body)
    except (requests.Timeout, TimeoutError) as error:
        raise NoConnectionError(f"{shown} did not answer within {timeout:g} seconds.") from error
    except requests.exceptions.SSLError as error:
        raise NoConnectionError(f"{shown} has no valid TLS certificate.") from error
    except requests.ConnectionError as error:
        if "timed out" in str(error):
            raise NoConnectionError(
                f"{shown} did not answer within {timeout:g} seconds."
            ) from error
        if "Connection aborted" in str(error):
            raise ClaimctlError(f"{shown} answers, but not in HTTP.") from error
        raise NoConnectionError(
            f"Nobody answers at {shown}: the connection was refused, or the name is unknown."
        ) from error
    except (requests.exceptions.InvalidURL, ValueError) as error:
        raise WrongUsageError("That is no URL of a web service.") from error
    except requests.RequestException as error:
        raise ClaimctlError(f"{shown} sent an answer that cannot be read.") from error


def _read(response: Response, deadline: float) -> str:
    """Return the beginning of the body; a trickle does not outlive the time-out."""
    body = b""
    for chunk in response.iter_content(1_024):
        body += chunk
        if time.monotonic() > deadline:
            raise TimeoutError
        if len(body) > MOST_BYTES:
            break
    text = " ".join(body.decode("utf-8", "replace").split())
    return text[:SHOWN_LETTERS]

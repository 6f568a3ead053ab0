"""Messages about alerts: leased in the database first, then sent through their channels."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from claimctl.alerting import Alert
from claimctl.errors import ClaimctlError, WrongUsageError
from claimctl.options import Options
from claimctl.output import utc

if TYPE_CHECKING:
    from apprise import Apprise

    from claimctl.database import Database

RECOVERY = 0


@dataclass(frozen=True)
class Channel:
    """Where a message goes: a URL of the command line, or a contact's from its variable."""

    name: str
    url: str | None
    variable: str = ""
    level: int | None = None

    @property
    def fault(self) -> str:
        """Say why nothing can be sent through it; nothing where it may work."""
        if not self.url:
            return f"the environment variable {self.variable} is not set"
        return "" if _apprise(self.url) else f"{self.variable or 'its URL'} holds no URL of Apprise"


@dataclass(frozen=True)
class Message:
    """One message about an alert; level 0 says that it is over."""

    alert: Alert
    since: str
    level: int
    told_level: int
    occurrence: int = 1

    @property
    def title(self) -> str:
        """The subject: how bad it is, what it is, and what happened."""
        name, severity = self.alert["alert"], self.alert["severity"].upper()
        if self.level == RECOVERY:
            return f"RECOVERED: {name}"
        if self.level > 1:
            return f"{severity}: {name} still fires, escalated to level {self.level}"
        return f"{severity}: {name} fires{' again' if self.occurrence > 1 else ''}"

    @property
    def body(self) -> str:
        """What, since when, how much against which threshold, and what to do."""
        lines = [
            self.alert["description"],
            f"Since {utc(self.since)} UTC; {value_against_threshold(self.alert)}.",
            f"Runbook: {self.alert['runbook_url']}",
        ]
        if self.alert["command"]:
            lines.append(f"Run: {self.alert['command']}")
        return "\n".join(lines)


def value_against_threshold(alert: Alert) -> str:
    """Return the value with its threshold, as people read it."""
    return f"{rounded(alert['value'])} against {rounded(alert['threshold'])}"


def rounded(figure: float | None) -> str:
    """Return four significant digits, never with an exponent."""
    return "unknown" if figure is None else f"{Decimal(f'{figure:.4g}'):f}"


def check_urls(urls: Iterable[str]) -> None:
    """Refuse a URL that Apprise does not know, without repeating it: it may hold a secret."""
    for number, url in enumerate(urls, start=1):
        if not _apprise(url):
            raise WrongUsageError(
                f"--notify number {number} is no URL of Apprise: it begins like json://, "
                "mailto:// or slack://."
            )


def notify(
    options: Options, schema: str, alerts: Sequence[Alert], urls: Sequence[str], to_contacts: bool
) -> list[str]:
    """Send each message that is due and that no other run has leased; return what went wrong."""
    from claimctl.guard import guard

    try:
        with guard(options) as connection:
            channels = [Channel(url.split("://")[0], url) for url in urls]
            if to_contacts:
                channels += _contacts(connection, schema)
            return list(_send_due(connection, alerts, channels))
    except ClaimctlError as error:
        return [" ".join([f"No message was sent. {error.message}", *error.commands])]


def _contacts(connection: Database, schema: str) -> list[Channel]:
    """Return the escalation contacts; the variables that the seed names hold their URLs."""
    from psycopg.sql import Identifier

    from claimctl.database import run_sql

    rows = run_sql(connection, "alerts/contacts.sql", {}, {"models": Identifier(schema)})
    return [
        Channel(
            row["contact"],
            os.environ.get(row["notify_variable"] or ""),
            row["notify_variable"],
            row["escalation_level"],
        )
        for row in rows
    ]


def _send_due(
    connection: Database, alerts: Sequence[Alert], channels: Sequence[Channel]
) -> Iterator[str]:
    """Claim what is due, send it, and say for each message whether it was sent."""
    from psycopg.types.json import Jsonb

    from claimctl.database import plain_times, run_sql
    from claimctl.guard import call

    by_name = {alert["alert"]: alert for alert in alerts}
    with plain_times(connection):
        leased = run_sql(connection, "alerts/lease_messages.sql", {"alerts": Jsonb(alerts)})
    for row in leased:
        alert, level = by_name[row["alert"]], row["escalation_level"]
        message = Message(
            alert, row["since"].isoformat(), level, row["told_level"], row["occurrence"]
        )
        complaints: list[str] = []
        is_sent = False
        try:
            is_sent = _deliver(message, channels, complaints)
        finally:
            call(
                connection,
                "settle_alert_message",
                alert=row["alert"],
                since=row["since"],
                occurrence=row["occurrence"],
                escalation_level=level,
                leased_at=row["leased_at"],
                is_sent=is_sent,
            )
        yield from complaints
        if not is_sent:
            yield f"No contact got the message: {message.title}. The next run tries again."


def _deliver(message: Message, channels: Sequence[Channel], complaints: list[str]) -> bool:
    """Send through the message's own channels; where all fail, through the next one that works."""
    own = [channel for channel in channels if _is_addressee(channel, message)]
    others = [channel for channel in channels if channel not in own]
    # The level above is asked before the level below.
    others.sort(key=lambda channel: (channel.level or 0) < message.level)
    taken = [_send(message, channel, complaints) for channel in own]
    return any(taken) or any(_send(message, channel, complaints) for channel in others)


def _is_addressee(channel: Channel, message: Message) -> bool:
    if channel.level is None:
        return True
    if message.level == RECOVERY:
        return channel.level <= message.told_level
    return channel.level == message.level


def _send(message: Message, channel: Channel, complaints: list[str]) -> bool:
    """Send a message through one channel; return whether it was taken."""
    fault = channel.fault
    if not fault:
        from apprise import NotifyFormat, NotifyType

        kind = NotifyType.SUCCESS if message.level == RECOVERY else NotifyType.FAILURE
        service = _apprise(channel.url or "")
        # The result is no bool, but as good as one.
        if service and service.notify(
            title=message.title, body=message.body, notify_type=kind, body_format=NotifyFormat.TEXT
        ):
            return True
        fault = "its channel refused the message or did not answer"
    complaints.append(f"{channel.name} was not told ({message.title}): {fault}.")
    return False


def _apprise(url: str) -> Apprise | None:
    """Return a notifier for a URL, or none where Apprise cannot read it."""
    from apprise import Apprise

    # It would tell the URL, and with it a secret.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    service = Apprise()
    return service if service.add(url) and len(service) == 1 else None

"""`claimctl probe URL`: does the claim service answer?"""

from __future__ import annotations

import os

import click

from claimctl.errors import ExitCode, WrongUsageError
from claimctl.options import NOT_BLANK, SECONDS, Command, Options, global_options
from claimctl.output import say

TOKEN_VARIABLE = "CLAIMCTL_TOKEN"
# A reader of the claims knows a test by it.
RESERVED_PREFIX = "test-"


@click.command(cls=Command)
@click.argument("url")
@click.option(
    "--timeout",
    type=SECONDS,
    default=10,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for an answer.",
)
@click.option("--test-claim", is_flag=True, help="Send a claim too, which the service keeps.")
@click.option(
    "--tx-id",
    type=NOT_BLANK,
    help=f"The test claim's transaction; it begins with {RESERVED_PREFIX}",
)
@click.option("--sku", type=NOT_BLANK, help="The test claim's SKU.")
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
@global_options
@click.pass_obj
def probe(
    options: Options,
    url: str,
    timeout: float,
    test_claim: bool,
    tx_id: str | None,
    sku: str | None,
    yes: bool,
) -> None:
    """Ask the claim function at URL for its health, and show the latency.

    With --test-claim also send a claim, for the user whose token is in CLAIMCTL_TOKEN: it stays in
    purchase_claims and in that user's wallet, so take a user of your own. It needs no database.

    Exit code 0: it works, 1: it answers something else, 2: wrong usage, 3: no answer.

    \b
    Example:
      claimctl probe https://project.supabase.co/functions/v1/claim
    """
    from claimctl.output import print_json
    from claimctl.probing import Reply, check_health, check_url, claim
    from claimctl.summary import confirm
    from claimctl.text import printable

    shown = check_url(url)
    token = _check_test_claim(tx_id, sku) if test_claim else ""
    if not test_claim and (tx_id or sku):
        raise WrongUsageError("--tx-id and --sku belong to --test-claim.")
    replies: list[Reply] = [check_health(url, timeout)]
    if test_claim:
        confirm(f"Claim {sku} as {tx_id} at {shown}?", yes, "check URL, user and SKU")
        replies.append(claim(url, timeout, token, str(tx_id), str(sku)))
    if options.as_json:
        print_json({"url": shown, "replies": [reply.document() for reply in replies]})
    else:
        for reply in replies:
            figures = f"{reply.status} in {reply.latency_ms:g} ms"
            say(f"{reply.check}: {figures}, {reply.sentence}. {printable(reply.body)}".rstrip())
    if not all(reply.is_good for reply in replies):
        raise SystemExit(ExitCode.FINDINGS)


def _check_test_claim(tx_id: str | None, sku: str | None) -> str:
    """Refuse a test claim that could be taken for a customer's; return the token."""
    if not tx_id or not sku:
        raise WrongUsageError("--test-claim needs --tx-id and --sku.")
    if not tx_id.startswith(RESERVED_PREFIX) or tx_id == RESERVED_PREFIX:
        raise WrongUsageError(
            f"The tx_id of a test claim begins with {RESERVED_PREFIX}, as in "
            f"{RESERVED_PREFIX}tx-123: any other could be a customer's purchase."
        )
    token = os.environ.get(TOKEN_VARIABLE, "")
    if not token or not token.isascii() or not token.isprintable():
        raise WrongUsageError(
            f"The environment variable {TOKEN_VARIABLE} holds no token: put in it that of a user "
            "of your own."
        )
    return token

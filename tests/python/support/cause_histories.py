"""Random histories of a service, with wallets spoilt by known causes: by what the causes do.

Users claim for weeks and the service credits them; a cause then acts as it does in production, at
a random moment. What follows it (later claims, later credits) goes on as ever.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg

from support.histories import CATALOG

Rows = list[tuple[object, ...]]
DAYS = 40
USERS = 4_000
# How many users a cause spoils; a hand edit and what nobody can know are rare.
SPOILT = {
    "lost_update": 80,
    "doubled_update": 60,
    "no_wallet_row": 40,
    "restored_backup": 200,
    "time_zone": 60,
    "stacking_policy": 60,
    "unclaimed_purchase": 60,
    "spend": 150,
    "bulk_write": 80,
    "hand_edit": 12,
    "unknown": 30,
}


@dataclass(frozen=True)
class Claim:
    """A claim, and when the service credited it, if ever."""

    tx_id: str
    sku: str
    claimed_at: datetime
    credited_at: datetime | None


@dataclass
class User:
    """A user's claims, and what else happens to the wallet: changes, each at its time."""

    user_id: str
    created_at: datetime
    claims: list[Claim]
    changes: list[tuple[datetime, Callable[[Wallet], None]]] = field(default_factory=list)
    has_wallet: bool = True


@dataclass
class Wallet:
    """What a wallet holds."""

    policy: str
    shields: int = 0
    until: datetime | None = None
    updated_at: datetime | None = None

    def credit(self, sku: str, at: datetime, error: timedelta = timedelta(0)) -> None:
        """Give what a SKU gives, by the policy."""
        entry = CATALOG[sku]
        if entry.duration_hours is None:
            self.shields += entry.quantity
            return
        length = timedelta(hours=entry.quantity * entry.duration_hours)
        if self.policy == "extend":
            self.until = max(self.until or at, at) + length + error
        else:
            self.until = max(self.until or at, at + length + error)


class World:
    """The service's users, and who was spoilt by what."""

    def __init__(self, seed: int, policy: str, *, has_adjustments: bool, now: datetime) -> None:
        self.rng = random.Random(seed)
        self.policy = policy
        self.has_adjustments = has_adjustments
        self.now = now
        self.causes: dict[str, str] = {}
        self.purchases: Rows = []
        self.log: Rows = []
        self.users = [self._user(number) for number in range(USERS)]
        self.wallets: dict[str, Wallet] = {}
        strangers = list(self.users)
        self.rng.shuffle(strangers)
        for cause, wanted in SPOILT.items():
            if cause == "spend" and has_adjustments:
                continue
            spoil = getattr(self, f"_{cause}")
            spoil(strangers, wanted)
        for user in self.users:
            if user.has_wallet:
                self.wallets.setdefault(user.user_id, self.wallet_at(user, now))

    def wallet_at(self, user: User, moment: datetime) -> Wallet:
        """Return what the wallet holds at a moment, of all that happened to it until then."""
        wallet = Wallet(self.policy)
        happened = list(user.changes)
        for claim in user.claims:
            if claim.credited_at is not None:
                happened.append((claim.credited_at, self._credit(claim)))
        for at, change in sorted(happened, key=lambda each: each[0]):
            if at <= moment:
                change(wallet)
                wallet.updated_at = max(wallet.updated_at or at, at)
        wallet.updated_at = wallet.updated_at or user.created_at
        return wallet

    @staticmethod
    def _credit(claim: Claim, error: timedelta = timedelta(0)) -> Callable[[Wallet], None]:
        return lambda wallet: wallet.credit(claim.sku, claim.claimed_at, error)

    def _user(self, number: int) -> User:
        rng = self.rng
        user_id = f"00000000-0000-4000-8000-{number:012d}"
        times = sorted(
            self.now - timedelta(hours=6) - timedelta(seconds=rng.random() * DAYS * 86_400)
            for _ in range(rng.choice([0, 1, 1, 2, 3, 4, 6]))
        )
        claims = []
        for place, at in enumerate(times):
            # Two commits: the wallet's comes a moment after the claim's, or before it.
            credited_at = at + timedelta(seconds=rng.uniform(-0.9, 1.5))
            claim = Claim(f"tx-{number}-{place}", rng.choice(list(CATALOG)), at, credited_at)
            claims.append(claim)
            self._pay(claim, user_id)
            if rng.random() < 0.005:
                self._pay(claim, user_id)
            self.log.append((at, 500 if rng.random() < 0.003 else 200, None))
        created_at = self.now - timedelta(days=DAYS, seconds=rng.uniform(0, 10 * 86_400))
        return User(user_id, created_at, claims)

    def _pay(self, claim: Claim, user_id: str) -> None:
        paid_at = claim.claimed_at - timedelta(seconds=self.rng.uniform(0, 5))
        self.purchases.append((claim.tx_id, user_id, claim.sku, "INITIAL_PURCHASE", paid_at))

    def _take(self, strangers: list[User], wanted: int, fits: Callable[[User], bool]) -> list[User]:
        taken = [user for user in strangers if fits(user)][:wanted]
        for user in taken:
            strangers.remove(user)
        return taken

    def _name(self, user: User, cause: str) -> None:
        self.causes[user.user_id] = cause

    def _quiet_moment(self, user: User) -> datetime:
        """Return a moment at which no claim of the user is near, and none came within hours."""
        while True:
            at = self.now - timedelta(hours=5) - timedelta(seconds=self.rng.random() * 20 * 86_400)
            if all(
                not at - timedelta(hours=4) < claim.claimed_at < at + timedelta(minutes=5)
                for claim in user.claims
            ):
                return at

    def _lost_update(self, strangers: list[User], wanted: int) -> None:
        """The service dies between two commits; in four of five cases its log says so."""
        for user in self._take(strangers, wanted, lambda user: bool(user.claims)):
            # Mostly the last one: an earlier one is hidden by the next credit.
            place = -1 if self.rng.random() < 0.8 else self.rng.randrange(len(user.claims))
            claim = user.claims[place]
            user.claims[place] = Claim(claim.tx_id, claim.sku, claim.claimed_at, None)
            if self.rng.random() < 0.8:
                answered_at = claim.claimed_at + timedelta(seconds=self.rng.uniform(0, 30))
                self.log.append((answered_at, 500, "wallet_update_error"))
            self._name(user, "lost_update")

    def _doubled_update(self, strangers: list[User], wanted: int) -> None:
        """The store sends a purchase again, and the service credits it from then on."""
        for user in self._take(strangers, wanted, lambda user: bool(user.claims)):
            claim = self.rng.choice(user.claims)
            again = claim.claimed_at + timedelta(minutes=self.rng.uniform(2, 155))

            def credit(wallet: Wallet, sku: str = claim.sku, at: datetime = again) -> None:
                wallet.credit(sku, at)

            user.changes.append((again, credit))
            self._name(user, "doubled_update")

    def _no_wallet_row(self, strangers: list[User], wanted: int) -> None:
        for user in self._take(strangers, wanted, lambda user: bool(user.claims)):
            user.has_wallet = False
            self._name(user, "no_wallet_row")

    def _restored_backup(self, strangers: list[User], wanted: int) -> None:
        """What the wallets held some days ago is written back, some hours ago."""
        moment = self.now - timedelta(days=self.rng.uniform(8, 20))
        keeps_updated_at = self.rng.random() < 0.5
        for user in self._take(
            strangers,
            wanted,
            lambda user: (
                bool(user.claims) and any(claim.claimed_at > moment for claim in user.claims)
            ),
        ):
            wallet = self.wallet_at(user, moment)
            if not keeps_updated_at:
                wallet.updated_at = self.now - timedelta(hours=5)
            self.wallets[user.user_id] = wallet
            self._name(user, "restored_backup")

    def _time_zone(self, strangers: list[User], wanted: int) -> None:
        """From a deploy on, boosters end by another zone's clock."""
        deployed_at = self.now - timedelta(days=self.rng.uniform(3, 8))
        error = timedelta(hours=self.rng.choice([-8, -5, -1, 1, 2, 5.5]))

        def boosters(user: User) -> list[Claim]:
            return [
                claim
                for claim in user.claims
                if claim.claimed_at > deployed_at and CATALOG[claim.sku].duration_hours
            ]

        for user in self._take(strangers, wanted, lambda user: len(boosters(user)) == 1):
            (wrong,) = boosters(user)
            place = user.claims.index(wrong)
            user.claims[place] = Claim(wrong.tx_id, wrong.sku, wrong.claimed_at, None)
            assert wrong.credited_at is not None
            user.changes.append((wrong.credited_at, self._credit(wrong, error)))
            self._name(user, "time_zone")

    def _stacking_policy(self, strangers: list[User], wanted: int) -> None:
        """Some servers of the service stack boosters as the other policy has it."""

        policies = ("max", "extend")

        def until(user: User, policy: str) -> datetime:
            wallet = Wallet(policy)
            for claim in user.claims:
                wallet.credit(claim.sku, claim.claimed_at)
            return wallet.until or user.created_at

        def is_stacked(user: User) -> bool:
            one, other = (until(user, policy) for policy in policies)
            return one != other and max(one, other) > self.now

        for user in self._take(strangers, wanted, is_stacked):
            wallet = self.wallet_at(user, self.now)
            (other,) = set(policies) - {self.policy}
            wallet.until = until(user, other)
            self.wallets[user.user_id] = wallet
            self._name(user, "stacking_policy")

    def _unclaimed_purchase(self, strangers: list[User], wanted: int) -> None:
        """A service that changes the wallet first dies before the claim."""
        for user in self._take(strangers, wanted, lambda _: True):
            at = self._quiet_moment(user)
            claim = Claim(f"unclaimed-{user.user_id}", self.rng.choice(list(CATALOG)), at, None)
            self._pay(claim, user.user_id)
            user.changes.append((at, self._credit(claim)))
            self._name(user, "unclaimed_purchase")

    def _spend(self, strangers: list[User], wanted: int) -> None:
        """The app spends shields, and keeps no table of it."""
        for user in self._take(strangers, wanted, lambda user: bool(user.claims)):
            at = self.now - timedelta(hours=5) + timedelta(seconds=self.rng.uniform(0, 1_000))
            if user.claims[-1].claimed_at > at - timedelta(hours=4):
                continue
            spent = self.rng.randint(1, 2)

            def spend(wallet: Wallet, spent: int = spent) -> None:
                wallet.shields -= spent

            user.changes.append((at, spend))
            self._name(user, "spend")

    def _bulk_write(self, strangers: list[User], wanted: int) -> None:
        """One statement, or a script of some seconds, gives or takes from many."""
        at = self.now - timedelta(days=self.rng.uniform(0.5, 10))
        is_script = self.rng.random() < 0.5 and self.has_adjustments
        change = self.rng.choice([-3, 2, 10])
        for user in self._take(strangers, wanted, lambda _: True):
            written_at = at + timedelta(seconds=self.rng.uniform(0, 20) if is_script else 0)

            def write(wallet: Wallet) -> None:
                wallet.shields += change

            user.changes.append((written_at, write))
            self._name(user, "bulk_write")

    def _hand_edit(self, strangers: list[User], wanted: int) -> None:
        """Somebody writes to one wallet; where spends are not kept, less would look like one."""
        for user in self._take(strangers, wanted, lambda _: True):
            change = self.rng.choice([-2, 3, 7] if self.has_adjustments else [3, 4, 7])

            def edit(wallet: Wallet, change: int = change) -> None:
                wallet.shields += change

            user.changes.append((self._quiet_moment(user), edit))
            self._name(user, "hand_edit")

    def _unknown(self, strangers: list[User], wanted: int) -> None:
        """Somebody writes to a wallet and leaves no trace of when."""
        for user in self._take(strangers, wanted, lambda _: True):
            wallet = self.wallet_at(user, self.now)
            wallet.shields += self.rng.choice([-1, 1, 2, 5])
            if self.rng.random() < 0.5:
                wallet.until = self.now + timedelta(seconds=self.rng.uniform(1, 10 * 86_400))
            self.wallets[user.user_id] = wallet
            self._name(user, "unknown")

    def store(self, connection: psycopg.Connection) -> None:
        """Write it all into the claim service's tables."""
        tables: dict[str, Rows] = {
            "purchase_claims (tx_id, user_id, sku, claimed_at)": [
                (claim.tx_id, user.user_id, claim.sku, claim.claimed_at)
                for user in self.users
                for claim in user.claims
            ],
            "audit_purchases (tx_id, user_id, sku, status, purchased_at)": self.purchases,
            'function_metrics ("timestamp", status_code, error_code, function_name, duration_ms)': [
                (*row, "claim", 50) for row in self.log
            ],
            "user_wallet_balances (user_id, streakshield_count, xp_booster_until, updated_at)": [
                (user_id, wallet.shields, wallet.until, wallet.updated_at)
                for user_id, wallet in self.wallets.items()
            ],
        }
        for table, rows in tables.items():
            with connection.cursor().copy(f"copy {table} from stdin".encode()) as copy:
                for row in rows:
                    copy.write_row(row)

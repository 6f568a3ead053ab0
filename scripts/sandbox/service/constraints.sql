-- What a service that claims atomically can promise, and one that uses two commits cannot: a claim
-- has a wallet at the commit, and a wallet holds a number that is not negative.
alter table purchase_claims
    add constraint claims_have_a_wallet
    foreign key (user_id) references user_wallet_balances (user_id)
    deferrable initially deferred;

alter table user_wallet_balances
    alter column streakshield_count set not null,
    alter column updated_at set not null,
    add constraint wallets_hold_no_negative_quantity check (streakshield_count >= 0);

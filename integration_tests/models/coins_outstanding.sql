-- Grain: one row. It reads both tables that the package's generic test compares.
select
    (select sum(coins) from {{ source('coins', 'coin_wallets') }}) as coins_in_wallets,
    (select sum(packs * coins_per_pack) from {{ source('coins', 'coin_claims') }}) as coins_claimed

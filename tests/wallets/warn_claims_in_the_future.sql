-- A claim dated ahead counts and leaves its user in flight until its time has come.
{{ config(severity='warn') }}
-- depends_on: {{ ref('rpt_wallet_build') }}
select
    user_id,
    last_claimed_at,
    built_at
from {{ ref('int_wallet_balances') }}
where last_claimed_at > built_at

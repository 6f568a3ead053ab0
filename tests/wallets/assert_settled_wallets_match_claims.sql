-- A settled wallet matches its claims: the assertion that this package exists for.
-- depends_on: {{ ref('rpt_wallet_build') }}
select *
from {{ ref('fct_wallet_discrepancies') }}
where is_settled and excused_because is null

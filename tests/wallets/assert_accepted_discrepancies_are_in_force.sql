-- What was accepted for a while is an error again once that has run out and the wallet is still
-- wrong; so is an acceptance without a reason or a name, and one of an item that does not exist.
-- Each row names it: repair the wallet, or accept it anew.
-- depends_on: {{ ref('rpt_wallet_build') }}
select
    accepted.user_id,
    accepted.item,
    accepted.reason,
    accepted.accepted_by,
    accepted.accepted_until
from {{ ref('stg_claim_service__accepted_discrepancies') }} as accepted
left join {{ ref('fct_wallet_discrepancies') }} as wrong
    on accepted.user_id = wrong.user_id and accepted.item = wrong.item
where
    (wrong.user_id is not null and wrong.excused_because is null)
    or (
        accepted.item in {{ claim_reconciliation.quoted_list(var('wallet_items').keys()) }}
    ) is not true

-- Grain: one row a user with a wrong wallet of the cause in the var cause, as wallet_causes names it: a file of ids for
-- claimctl plan wallets --users or --exclude. claimctl analyse users_of_cause --cause retry > retried.txt
with

{{ claim_reconciliation.explained_wallets() }},

final as (
    select distinct user_id
    from explained
    where cause = '{{ var("cause", "retry") | replace("'", "''") }}'
)

select * from final
order by user_id

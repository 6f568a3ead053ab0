{% macro doubled_claims(wrong, changes, claims, audit) %}
    {#- Claims that a wallet holds once more, or up to five times: it is in excess by just what the
        claim gives, or its booster runs from the wallet's last change on; and that change came
        within the store's retries, or the trail has the payment twice. One row a wrong user and
        item, of the latest such claim. -#}
select distinct on (wrong.user_id, wrong.item)
    wrong.user_id,
    wrong.item,
    claims.tx_id,
    claims.claimed_at,
    wrong.quantity_discrepancy / claims.quantity as times,
    repeated.payments
from {{ wrong }} as wrong
inner join {{ changes }} as changes on wrong.user_id = changes.user_id
inner join {{ claims }} as claims on wrong.user_id = claims.user_id and wrong.item = claims.item
left join (
    select tx_id, count(*) as payments
    from {{ audit }}
    where {{ claim_reconciliation.is_payment('status') }}
    group by tx_id
    having count(*) > 1
) as repeated on claims.tx_id = repeated.tx_id
where
    wrong.discrepancy_type = 'excess'
    and case wrong.kind
        when 'quantity'
            then wrong.quantity_discrepancy between claims.quantity and 5 * claims.quantity
                and wrong.quantity_discrepancy % nullif(claims.quantity, 0) = 0
        else
            abs(wrong.expiry_discrepancy_seconds - claims.hours * 3600)
            <= {{ var('booster_tolerance_seconds') }}
            or {{ claim_reconciliation.is_same_end(
                'wrong.wallet_expires_at',
                claim_reconciliation.hours_after('wrong.changed_at', 'claims.hours')
            ) }}
    end
    and (
        repeated.payments is not null
        or (
            not changes.is_by_claim
            and claims.claimed_at < wrong.changed_at
            and claims.claimed_at >= {{ claim_reconciliation.minutes_after(
                'wrong.changed_at', -claim_reconciliation.number_var('settle_minutes')
            ) }}
        )
    )
order by wrong.user_id, wrong.item, claims.claimed_at desc, claims.tx_id desc
{%- endmacro %}

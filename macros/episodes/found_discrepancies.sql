{% macro found_discrepancies(discrepancies, causes) %}
    {#- What a build found wrong, with its size and cause. Where the wallet or the ledger names no
        time, the hours that lie ahead are what is too few or too many; of what never ends nobody
        can say how much. -#}
select
    found.user_id,
    found.item,
    found.discrepancy_type,
    coalesce(found.wallet_quantity, 0) - found.expected_quantity as quantity,
    case
        when
            found.expected_quantity is null
            and (
                isfinite(found.expected_expires_at) and isfinite(found.wallet_expires_at)
            ) is not false
            then {{ claim_reconciliation.seconds_between(
                'coalesce(found.expected_expires_at, found.built_at)',
                'coalesce(found.wallet_expires_at, found.built_at)'
            ) }}
    end as seconds,
    greatest(found.wallet_expires_at, found.expected_expires_at) as runs_until,
    found.wallet_updated_at,
    found.last_activity_at,
    found.is_settled,
    found.is_accepted,
    found.excused_because,
    causes.probable_cause,
    causes.cause_evidence,
    found.built_at
from {{ discrepancies }} as found
left join {{ causes }} as causes on found.user_id = causes.user_id and found.item = causes.item
-- Of whom no account is left nothing is wrong any more.
where found.excused_because is distinct from 'account_gone'
{%- endmacro %}


{% macro next_build(history, discrepancies, health) %}
    {#- The moment of the build that the discrepancies are of, where it is newer than what is kept;
        else no row. Where nothing is wrong it is that of the report, which must know of nothing
        either: of two builds at once each may have written one of the tables. -#}
select built_at
from (
    select
        coalesce(
            (select max(built_at) from {{ discrepancies }}),
            (
                select max(built_at) from {{ health }}
                having
                    sum(short + excess + missing_wallets + accepted + coalesce(accounts_gone, 0))
                    = 0
            )
        ) as built_at,
        greatest(
            (select max(last_found_at) from {{ history }} where ended_at is null),
            (select max(ended_at) from {{ history }})
        ) as kept_until
) as latest
where built_at > coalesce(kept_until, '-infinity')
{%- endmacro %}

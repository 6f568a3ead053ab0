-- Grain: one row a user with a wrong wallet of the cause in the var cause, as fct_discrepancy_causes has it: a file of
-- ids for --users or --exclude. claimctl analyse users_of_cause --cause doubled_update > retried.txt
with

causes as (
    select * from {{ ref('fct_discrepancy_causes') }}
),

final as (
    select distinct user_id
    from causes
    where probable_cause = '{{ var("cause", "doubled_update") | replace("'", "''") }}'
)

select * from final
order by user_id

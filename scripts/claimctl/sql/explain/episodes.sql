-- Grain: one row an episode in which builds found a balance of the user wrong, the newest first.
select
    item,
    discrepancy_type,
    to_jsonb(first_found_at) #>> '{{}}' as first_found_at,
    to_jsonb(last_found_at) #>> '{{}}' as last_found_at,
    first_quantity,
    last_quantity,
    first_seconds,
    last_seconds,
    probable_cause,
    cause_evidence,
    to_jsonb(ended_at) #>> '{{}}' as ended_at,
    how_it_ended,
    plan_id
from {models}.fct_discrepancy_history
where user_id = cast(%(user_id)s as {user_id_type})
order by first_found_at desc, item

{% macro guard_views() %}
create or replace view claim_ops.plan_lines as
select
    plan_items.plan_id,
    plan_items.line_no,
    plan_items.user_id,
    plan_items.before,
    plan_items.after,
    plan_items.details,
    coalesce(journal.event, 'pending') as state,
    journal.detail ->> 'reason' as skipped_because,
    journal.written_at as decided_at
from claim_ops.plan_items
left join claim_ops.journal
    on plan_items.plan_id = journal.plan_id and plan_items.line_no = journal.line_no;
comment on view claim_ops.plan_lines is 'One row a line of a plan with its outcome: pending, applied, or skipped and why.';
{% endmacro %}

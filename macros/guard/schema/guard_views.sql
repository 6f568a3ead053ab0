{% macro guard_views() %}
create or replace view claim_ops.line_states as
select
    plan_lines.plan_id,
    plan_lines.line_no,
    plan_lines.user_id,
    plan_lines.before,
    plan_lines.after,
    plan_lines.details,
    coalesce(journal.event, 'pending') as state,
    journal.detail ->> 'reason' as skipped_because,
    journal.detail ->> 'sentence' as database_said,
    journal.written_at as decided_at
from claim_ops.plan_lines
left join claim_ops.journal
    on plan_lines.plan_id = journal.plan_id and plan_lines.line_no = journal.line_no;
comment on view claim_ops.line_states is
'One row a line of a plan with its outcome: pending, applied, or skipped and why.';

create or replace view claim_ops.reversed_entries as
with recursive reversals as (
    select journal.reverses as entry_id, journal.entry_id as last_id, 1 as times
    from claim_ops.journal
    where journal.reverses is not null
    union all
    select reversals.entry_id, journal.entry_id, reversals.times + 1
    from reversals
    inner join claim_ops.journal on reversals.last_id = journal.reverses
)

select reversals.entry_id
from reversals
group by reversals.entry_id
having max(reversals.times) % 2 = 1;
comment on view claim_ops.reversed_entries is
'One row an applied line that a rollback took back; one whose rollback was rolled back is in force '
'again.';

{{ claim_reconciliation.guard_view_of_claims() }}
{{ claim_reconciliation.guard_view_of_wallet_writes() }}

{{ claim_reconciliation.guard_view_of_plan_problems() }}

create or replace view claim_ops.plan_states as
select
    plans.plan_id,
    case when times.is_past then 'expired' else plans.state end as state,
    times.is_past as is_past_its_time,
    {{ claim_reconciliation.guard_is_open('plans') }} and not times.is_past as is_open
from claim_ops.plans
cross join lateral (
    select {{ claim_reconciliation.guard_is_past_its_time('plans') }} as is_past
) as times;
comment on view claim_ops.plan_states is
'One row a plan: its state as it is now, where nobody has written down yet that its time is over, '
'and whether it may still be approved or applied.';

create or replace view claim_ops.unapproved_break_glass as
select
    plans.plan_id,
    plans.broke_glass_at as applied_at,
    plans.broke_glass_by as by,
    plans.broke_glass_reason as reason
from claim_ops.plans
where plans.broke_glass_by is not null and plans.approved_by is null;
comment on view claim_ops.unapproved_break_glass is
'One row a plan that was applied without an approval and that no other login has approved since.';
{% endmacro %}


{% macro guard_view_of_wallet_writes() %}
    {#- What became of a wallet by us, for the models that ask since when and why it is wrong. -#}
create or replace view claim_ops.wallet_writes as
select
    journal.entry_id,
    journal.plan_id,
    plans.kind,
    journal.user_id,
    to_jsonb(array(
        select wallet_items.item
        from claim_ops.wallet_items
        where coalesce(journal.before, '{}') || coalesce(journal.after, '{}')
            ? wallet_items.column_name
        union
        select sku_catalog.item
        from jsonb_to_recordset(
            coalesce(journal.detail -> 'claims', journal.detail -> 'claims_taken_back')
        ) as claim (sku text, claimed_at timestamptz)
        inner join claim_ops.sku_catalog
            on claim.sku = sku_catalog.sku
            and {{ claim_reconciliation.is_in_force(
                'sku_catalog', 'claim.claimed_at'
            ) | indent(12) }}
    )) as items,
    journal.wallet_updated_at,
    journal.wallet_changed_at,
    journal.written_at,
    reversed_entries.entry_id is not null as is_reversed
from claim_ops.journal
inner join claim_ops.plans on journal.plan_id = plans.plan_id
left join claim_ops.reversed_entries on journal.entry_id = reversed_entries.entry_id
where journal.event = 'applied' and journal.user_id is not null;
comment on view claim_ops.wallet_writes is
'One row a line that a plan applied to a user: the items that it set or claimed, and whether a '
'rollback took it back.';
{% endmacro %}


{% macro guard_view_of_claims() %}
    {#- A claim that a plan inserted, a rollback took back and the rollback's rollback inserted
        again is the first plan's. -#}
create or replace view claim_ops.plan_claims as
with

moves as (
    select
        claims.claim ->> 'tx_id' as tx_id,
        journal.entry_id,
        journal.plan_id,
        plans.kind,
        plans.reverses,
        claims.is_inserted
    from claim_ops.journal
    inner join claim_ops.plans on journal.plan_id = plans.plan_id
    cross join lateral (
        select jsonb_array_elements(journal.detail -> 'claims') as claim, true as is_inserted
        union all
        select jsonb_array_elements(journal.detail -> 'claims_taken_back'), false
    ) as claims
    where journal.event = 'applied' and journal.detail ?| '{claims,claims_taken_back}'
),

last_moves as (
    select distinct on (tx_id) tx_id, is_inserted
    from moves
    order by tx_id, entry_id desc
),

sources as (
    select distinct on (tx_id) tx_id, plan_id, kind
    from moves
    where is_inserted and reverses is null
    order by tx_id, entry_id desc
)

select sources.tx_id, sources.plan_id, sources.kind
from sources
inner join last_moves on sources.tx_id = last_moves.tx_id
where last_moves.is_inserted;
comment on view claim_ops.plan_claims is
'One row a claim that a plan inserted and no rollback has taken back.';
{% endmacro %}


{% macro guard_view_of_plan_problems() %}
    {#- What counts is the journal's event: a column of plans can be updated by its owner, and the
        chain does not hold it. -#}
create or replace view claim_ops.plan_problems as
with

events as (
    select
        journal.plan_id,
        journal.entry_id,
        journal.event,
        journal.actor,
        journal.detail,
        case journal.event
            when 'planned' then 'planned'
            when 'approved' then 'approved'
            when 'broke_glass' then 'applying'
            when 'applying' then 'applying'
            when 'finished' then 'applied'
            when 'rejected' then 'rejected'
            when 'expired' then 'expired'
            when 'rolled_back' then 'rolled_back'
            when 'in_force_again' then journal.detail ->> 'state'
        end as state
    from claim_ops.journal
    where journal.line_no is null and journal.plan_id is not null
),

compared as (
    select
        plans.*,
        (
            select events.detail ->> 'digest' from events
            where events.plan_id = plans.plan_id
                and events.event = 'planned'
                and events.actor = plans.made_by
            order by events.entry_id limit 1
        ) as journalled_digest,
        (
            select jsonb_build_array(events.actor, events.detail ->> 'digest') from events
            where events.plan_id = plans.plan_id and events.event = 'approved'
            order by events.entry_id desc limit 1
        ) as journalled_approval,
        (
            select jsonb_build_array(events.actor, events.detail ->> 'reason') from events
            where events.plan_id = plans.plan_id and events.event = 'broke_glass'
            order by events.entry_id desc limit 1
        ) as journalled_break_glass,
        (
            select events.detail from events
            where events.plan_id = plans.plan_id and events.event = 'verified'
            order by events.entry_id desc limit 1
        ) as journalled_verification,
        (
            select events.state from events
            where events.plan_id = plans.plan_id and events.state is not null
                -- Who approves after the glass was broken changes no state.
                and not (events.event = 'approved' and plans.broke_glass_by is not null)
            order by events.entry_id desc limit 1
        ) as journalled_state
    from claim_ops.plans
)

select compared.plan_id, problem.text as problem
from compared
cross join lateral (
    values
    (
        compared.journalled_digest is distinct from compared.digest,
        'the journal has no plan ' || compared.plan_id || ' by ' || compared.made_by
        || ' with this digest'
    ),
    (
        compared.journalled_approval is distinct from
        case
            when compared.approved_by is not null
                then jsonb_build_array(compared.approved_by, compared.digest)
        end,
        coalesce(
            'the journal has no approval by ' || compared.approved_by
            || ' of what the plan says now',
            'the journal has an approval that the plan lacks'
        )
    ),
    (
        compared.journalled_break_glass is distinct from
        case when compared.broke_glass_by is not null
            then jsonb_build_array(compared.broke_glass_by, compared.broke_glass_reason) end,
        'the journal says otherwise who broke the glass, and why'
    ),
    (
        compared.journalled_state is distinct from compared.state,
        'the plan is ' || compared.state || ', and by the journal '
        || coalesce(compared.journalled_state, 'was never made')
    ),
    (
        compared.journalled_verification is distinct from jsonb_strip_nulls(compared.verification)
        or compared.verified_at is null and compared.verification is not null,
        'the journal has no verification with this result'
    )
) as problem (is_there, text)
where problem.is_there;
comment on view claim_ops.plan_problems is
'One row a statement of a plan (digest, approval, broken glass, state, verification) that the '
'journal does not bear out.';
{% endmacro %}

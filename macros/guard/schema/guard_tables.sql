{% macro guard_settings_tables() %}
create table if not exists claim_ops.settings (
    only_row boolean primary key default true constraint settings_are_one_row check (only_row),
    version integer not null,
    settings jsonb not null,
    digest text not null,
    models_schema text not null,
    sources jsonb not null,
    installed_by name not null default session_user,
    installed_at timestamptz not null default clock_timestamp()
);
comment on table claim_ops.settings is
'One row: the version, the rules with their digest, the schema of the models, and the names of the '
'service''s tables.';

create table if not exists claim_ops.wallet_items (
    item text primary key,
    column_name text not null unique,
    kind text not null constraint a_wallet_item_is_a_quantity_or_an_expiry check (
        kind in ('quantity', 'expiry')
    )
);
comment on table claim_ops.wallet_items is
'What a wallet holds: one row an item, copied at installation.';

create table if not exists claim_ops.sku_catalog (
    sku text not null,
    item text not null references claim_ops.wallet_items,
    quantity integer not null,
    duration_hours integer,
    weekly_cap integer,
    monthly_cap integer,
    unit_price numeric,
    valid_from timestamptz not null default '-infinity',
    valid_to timestamptz not null default 'infinity',
    primary key (sku, valid_from)
);
-- A version before this had no dates.
do $dates$
begin
    if not exists (
        select from pg_catalog.pg_attribute
        where attrelid = 'claim_ops.sku_catalog'::regclass and attname = 'valid_from'
    ) then
        alter table claim_ops.sku_catalog
            add column valid_from timestamptz not null default '-infinity',
            add column valid_to timestamptz not null default 'infinity',
            drop constraint sku_catalog_pkey;
        alter table claim_ops.sku_catalog add primary key (sku, valid_from);
    end if;
end
$dates$;
comment on table claim_ops.sku_catalog is
'What a SKU gives, from valid_from until before valid_to: one row a SKU and time, copied at '
'installation.';

create table if not exists claim_ops.control (
    only_row boolean primary key default true constraint control_is_one_row check (only_row),
    is_paused boolean not null default false,
    is_single_operator boolean not null default false,
    reason text,
    changed_by name not null default session_user,
    changed_at timestamptz not null default clock_timestamp()
);
comment on table claim_ops.control is
'One row: whether applies are paused, and whether one login may approve its own plans.';
{% endmacro %}


{% macro guard_plan_tables() %}
create table if not exists claim_ops.plan_kinds (
    kind text primary key,
    apply_function text not null,
    needs_models boolean not null,
    needs_rules boolean not null,
    obeys_pause boolean not null,
    may_break_glass boolean not null,
    reads_queue boolean not null,
    breakers text[] not null
);
comment on table claim_ops.plan_kinds is
'What a plan may be: each row names the function that applies its '
'lines, what it is refused by, what it reads, and the breakers that count it.';

create table if not exists claim_ops.plans (
    plan_id bigint generated always as identity primary key,
    kind text not null references claim_ops.plan_kinds,
    state text not null default 'planned' constraint a_plan_has_a_known_state check (
        state in (
            'planned', 'approved', 'rejected', 'applying', 'applied', 'rolled_back', 'expired'
        )
    ),
    reason text not null constraint a_plan_has_a_reason check (btrim(reason) <> ''),
    limits jsonb not null default '{}',
    breakers jsonb not null default '{}',
    reverses bigint references claim_ops.plans,
    made_by name not null default session_user,
    made_by_oid oid not null,
    made_at timestamptz not null default clock_timestamp(),
    made_in xid8 not null default pg_current_xact_id(),
    expires_at timestamptz not null,
    settings_digest text not null,
    lines integer,
    digest text,
    approved_by name,
    approved_by_oid oid,
    approved_at timestamptz,
    broke_glass_by name,
    broke_glass_by_oid oid,
    broke_glass_at timestamptz,
    broke_glass_reason text,
    is_single_operator boolean not null default false,
    finished_at timestamptz,
    verified_at timestamptz,
    verification jsonb,
    constraint a_maker_does_not_approve_his_own_plan check (
        is_single_operator or approved_by is null
        or (approved_by_oid <> made_by_oid and approved_by <> made_by)
    ),
    constraint an_approved_plan_has_an_approver check (
        state not in ('approved', 'applying', 'applied', 'rolled_back')
        or approved_by is not null
        or state <> 'approved' and broke_glass_by is not null
    ),
    constraint glass_is_broken_for_a_kill_switch_with_a_reason check (
        (broke_glass_by is null and broke_glass_reason is null)
        or (
            kind = 'kill_switch'
            and broke_glass_by is not null
            and coalesce(btrim(broke_glass_reason), '') <> ''
        )
    ),
    constraint who_breaks_glass_does_not_approve_it check (
        is_single_operator or approved_by is null or broke_glass_by is null
        or (approved_by_oid <> broke_glass_by_oid and approved_by <> broke_glass_by)
    )
);
-- Two rollbacks of one plan would both take its lines back: what the second one takes is
-- somebody else's by then.
create unique index if not exists a_plan_has_one_rollback_at_a_time on claim_ops.plans (reverses)
where state in ('planned', 'approved', 'applying');
create index if not exists plans_that_broke_glass on claim_ops.plans (plan_id)
where broke_glass_by is not null and approved_by is null;
comment on table claim_ops.plans is
'One row a plan. Written by the functions alone; its state changes along planned, approved, '
'applying, applied.';

create table if not exists claim_ops.plan_chunks (
    plan_id bigint not null references claim_ops.plans,
    chunk_no integer not null,
    digest text not null,
    primary key (plan_id, chunk_no)
);
comment on table claim_ops.plan_chunks is
'One row for {{ claim_reconciliation.guard_chunk_lines() }} lines of a plan: their digest. '
'The plan''s own digest is taken over these.';

create table if not exists claim_ops.plan_lines (
    -- No foreign key here and in the journal: a trigger looks once a statement, not once a row.
    plan_id bigint not null,
    line_no integer not null,
    chunk_no integer not null generated always as (
        {{ claim_reconciliation.guard_chunk_of('line_no') }}
    ) stored,
    user_id {{ var('user_id_data_type') }},
    before jsonb,
    after jsonb,
    details jsonb not null default '{}',
    primary key (plan_id, line_no)
);
alter table claim_ops.plan_lines drop constraint if exists plan_lines_plan_id_fkey;
create unique index if not exists a_plan_has_one_line_a_user
on claim_ops.plan_lines (user_id, plan_id);
comment on table claim_ops.plan_lines is
'One row a line of a plan: before and after of just the columns that it changes. No before: the '
'wallet is created; no after: it is deleted. No user: the line is of the switch of the SKUs.';
{% endmacro %}


{% macro guard_types() %}
    {#- Made anew: functions alone use them, and those have been dropped. -#}
drop type if exists claim_ops.judged_purchase;
create type claim_ops.judged_purchase as (
    number integer,
    tx_id text,
    user_id {{ var('user_id_data_type') }},
    sku text,
    purchased_at timestamptz,
    reason text,
    units integer
);
comment on type claim_ops.judged_purchase is
'A purchase without claim while a plan is made: why it may not be claimed, null where it may.';
{% endmacro %}


{% macro guard_left_out_table() %}
create table if not exists claim_ops.plan_left_out (
    plan_id bigint not null references claim_ops.plans,
    number integer not null,
    tx_id text,
    user_id {{ var('user_id_data_type') }},
    sku text,
    purchased_at timestamptz,
    reason text not null,
    primary key (plan_id, number)
);
alter table claim_ops.plan_left_out add column if not exists units integer;
comment on table claim_ops.plan_left_out is
'One row a purchase without claim that a plan left alone, and why.';

create table if not exists claim_ops.plan_balances_left_out (
    plan_id bigint not null references claim_ops.plans,
    user_id {{ var('user_id_data_type') }} not null,
    item text not null,
    type text not null,
    reason text not null,
    -- When a user in flight is settled, if nothing else happens.
    settles_at timestamptz,
    primary key (plan_id, user_id, item)
);
comment on table claim_ops.plan_balances_left_out is
'One row a balance that was wrong and that a wallet correction left alone, and why.';
{% endmacro %}


{% macro guard_alert_tables() %}
create table if not exists claim_ops.alert_notifications (
    alert text not null,
    since timestamptz not null,
    occurrence integer not null,
    escalation_level integer not null constraint a_level_is_not_negative check (
        escalation_level >= 0
    ),
    leased_by name not null default session_user,
    leased_at timestamptz not null,
    seen_firing_at timestamptz not null,
    sent_at timestamptz,
    constraint a_message_is_leased_once primary key (alert, since, occurrence, escalation_level)
);
comment on table claim_ops.alert_notifications is
'One row a message about an incident: level 1 that it fires, from 2 on an escalation, 0 that it is '
'over. Leased before it is sent. An incident that was over and fires again since the same minute '
'is its next occurrence.';
{% endmacro %}


{% macro guard_journal_tables() %}
create table if not exists claim_ops.locks (name text primary key);
comment on table claim_ops.locks is
'One row a thing that one transaction does at a time: chain the journal, count the breakers. Only '
'the functions may lock it.';
insert into claim_ops.locks values ('journal'), ('breakers') on conflict do nothing;

create table if not exists claim_ops.journal_batches (
    position bigint primary key,
    batch_id bigint not null unique,
    entries integer not null,
    previous_hash text not null unique,
    hash text not null,
    sealed_at timestamptz not null default clock_timestamp()
);
comment on table claim_ops.journal_batches is
'One row a sealed batch of the journal: a chain of hashes that shows a removed or changed entry.';

create table if not exists claim_ops.journal (
    entry_id bigint generated always as identity primary key,
    batch_id bigint not null,
    event text not null,
    plan_id bigint,
    line_no integer,
    user_id {{ var('user_id_data_type') }},
    before jsonb,
    after jsonb,
    -- Which write it was: the row's own time and version after it. Equal values may
    -- be somebody else's.
    wallet_updated_at timestamptz,
    row_version bigint,
    -- The last change of the wallet before it that was not ours: our own write must not hide it.
    wallet_changed_at timestamptz,
    reverses bigint references claim_ops.journal,
    detail jsonb not null default '{}',
    actor name not null default session_user,
    written_at timestamptz not null default clock_timestamp(),
    constraint an_outcome_is_applied_or_skipped check (
        line_no is null or event in ('applied', 'skipped')
    )
);
alter table claim_ops.journal drop constraint if exists journal_plan_id_fkey;
create unique index if not exists a_line_has_one_outcome on claim_ops.journal (plan_id, line_no)
where line_no is not null;
create index if not exists journal_by_wallet on claim_ops.journal (user_id, entry_id desc)
where event = 'applied';
create index if not exists journal_of_events on claim_ops.journal (plan_id, entry_id)
where line_no is null;
create index if not exists journal_by_batch on claim_ops.journal (batch_id);
create index if not exists journal_of_claims on claim_ops.journal (entry_id)
where event = 'applied' and detail ?| '{claims,claims_taken_back}';
create unique index if not exists an_entry_is_reversed_once on claim_ops.journal (reverses)
where reverses is not null;
create sequence if not exists claim_ops.journal_batch_ids;
comment on table claim_ops.journal is
'Append-only: what happened to plans, and the outcome of each line with the wallet before and '
'after.';
{% endmacro %}

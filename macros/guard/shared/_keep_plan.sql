{% macro claim_ops__keep_plan() %}
create function claim_ops._keep_plan()
returns trigger
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_made constant text[] := array[
        'plan_id', 'kind', 'reason', 'limits', 'breakers', 'reverses', 'made_by', 'made_by_oid',
        'made_at', 'made_in', 'expires_at', 'settings_digest', 'lines', 'digest'
    ];
    v_is_being_made constant boolean := old.made_in = pg_current_xact_id() and old.digest is null;
    v_is_allowed constant boolean := (old.state, new.state) in (
        ('planned', 'approved'), ('planned', 'rejected'), ('planned', 'expired'),
        ('approved', 'applying'), ('approved', 'rejected'), ('approved', 'expired'),
        ('applying', 'applied'), ('applying', 'expired'),
        ('applied', 'rolled_back')
    ) or (old.state, new.state) = ('planned', 'applying') and new.broke_glass_by is not null
    -- A rollback of its rollback was applied.
    or (old.state, new.state) in (('rolled_back', 'applied'), ('rolled_back', 'expired'))
    and exists (
        select 1 from claim_ops.journal
        where journal.plan_id = old.plan_id and journal.event = 'applied'
            and not exists (
                select 1 from claim_ops.reversed_entries
                where reversed_entries.entry_id = journal.entry_id
            )
    )
    or (old.state, new.state) = ('expired', 'rolled_back') and exists (
        select 1 from claim_ops.journal
        where journal.plan_id = old.plan_id and journal.event = 'applied'
    );
begin
    -- A plan that was rejected or has expired would open again, past the login that stopped it.
    if new.state <> old.state and not v_is_allowed then
        perform claim_ops._refuse(
            'CO002',
            format('plan %s is %s and cannot become %s', old.plan_id, old.state, new.state),
            'planned > approved > applying > applied > rolled_back, or rejected, or expired.',
            format('claimctl show %s', old.plan_id)
        );
    end if;
    -- A limit or a reason that changes after the approval is one that nobody approved.
    if not v_is_being_made and (
        select bool_or(to_jsonb(old) -> field is distinct from to_jsonb(new) -> field)
        from unnest(v_made) as field
    ) then
        perform claim_ops._refuse(
            'CO012',
            format('plan %s has been made: it cannot be changed', old.plan_id),
            'Only its state, its approval and its verification are written later.',
            'Make another plan: claimctl plan --help'
        );
    end if;
    return new;
end
$function$;
comment on function claim_ops._keep_plan is
'Trigger: a plan changes its state along the allowed ways, and nothing else of it changes.';
{{ claim_reconciliation.guard_hand_over('_keep_plan') }}
{% endmacro %}

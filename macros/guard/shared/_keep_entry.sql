{% macro claim_ops__keep_entry() %}
create function claim_ops._keep_entry()
returns trigger
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_plan_id bigint;
begin
    -- What a foreign key would refuse, once a statement: once an entry it took a fifth of the time
    -- for which a batch holds its wallets. No plan is ever deleted, so none is locked.
    select added.plan_id into v_plan_id
    from added
    where added.plan_id is not null
        and not exists (
            select 1 from claim_ops.plans where plans.plan_id = added.plan_id
        )
    limit 1;
    if v_plan_id is not null then
        raise foreign_key_violation using
            message = format('there is no plan %s for an entry of the journal', v_plan_id);
    end if;
    return null;
end
$function$;
comment on function claim_ops._keep_entry is
'Trigger: an entry of the journal is of no plan or of one that there is.';
{{ claim_reconciliation.guard_hand_over('_keep_entry') }}
{% endmacro %}

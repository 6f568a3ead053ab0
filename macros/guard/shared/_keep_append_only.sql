{% macro claim_ops__keep_append_only() %}
create function claim_ops._keep_append_only()
returns trigger
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
begin
    -- Rights do not bind the owner: one slip of his would take the evidence away.
    perform claim_ops._refuse(
        'CO012',
        format('%s on claim_ops.%s is refused: it is append-only', tg_op, tg_table_name),
        'Plans, lines and journal are evidence; what they say is never changed.',
        'To undo a plan: claimctl rollback PLAN'
    );
    return null;
end
$function$;
comment on function claim_ops._keep_append_only is 'Trigger: refuses update, delete and truncate.';
{{ claim_reconciliation.guard_hand_over('_keep_append_only') }}
{% endmacro %}

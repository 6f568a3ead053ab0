{% macro claim_ops__lock_switch() %}
create function claim_ops._lock_switch()
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $function$
begin
    return (
        select store_config.xmin::text::bigint
        from {{ claim_reconciliation.guard_relation('store_config') }} as store_config
        where store_config.{{ adapter.quote(
            claim_reconciliation.mapped_column('store_config', 'key')
        ) }} = 'sku_enabled'
        for update
    );
end
$function$;
comment on function claim_ops._lock_switch is
$$Waits for the row of the switch, locks it and returns its version, which every write of
the row changes.$$;
{{ claim_reconciliation.guard_hand_over('_lock_switch', owner='claim_writer') }}
{% endmacro %}

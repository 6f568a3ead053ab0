{% macro claim_ops__verify_switch() %}
create function claim_ops._verify_switch(p_entry claim_ops.journal)
returns text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set row_security = off
as $function$
begin
    return (with skus as (
        select
            named.sku,
            present.skus -> named.sku as value,
            written.after -> named.sku as last_written,
            written.entry_id = p_entry.entry_id as is_by_this_entry
        from jsonb_object_keys(p_entry.before || p_entry.after) as named (sku)
        cross join lateral (
            select journal.entry_id, journal.after
            from claim_ops.journal
            where journal.event = 'applied'
                and journal.user_id is null
                and journal.before || journal.after ? named.sku
            order by journal.entry_id desc
            limit 1
        ) as written
        left join (
            select {{ claim_reconciliation.switch_read() }} as skus
            from {{ claim_reconciliation.guard_relation('store_config') }}
            where {{ adapter.quote(
                claim_reconciliation.mapped_column('store_config', 'key')
            ) }} = 'sku_enabled'
        ) as present on true
    )

    select case
        when bool_or(skus.value is distinct from skus.last_written) then 'wrong'
        when bool_and(skus.is_by_this_entry) then 'as written'
        else 'changed since and matches the ledger'
    end
    from skus);
end
$function$;
comment on function claim_ops._verify_switch is
$$What became of a line of the switch: as written; changed since by a later plan, whose word the
journal has; or wrong, where somebody went past the guard.$$;
{{ claim_reconciliation.guard_hand_over('_verify_switch') }}
{% endmacro %}

{% macro claim_ops_show_switch() %}
create function claim_ops.show_switch()
returns table (sku text, state text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $function$
#variable_conflict use_column
begin
    return query
    with switch as (
        select {{ claim_reconciliation.switch_read() }} as skus
        from {{ claim_reconciliation.guard_relation('store_config') }}
        where {{ adapter.quote(
            claim_reconciliation.mapped_column('store_config', 'key')
        ) }} = 'sku_enabled'
    )

    select
        sku_catalog.sku,
        case
            when switch.skus is null then 'no row'
            when jsonb_typeof(switch.skus) <> 'object' then 'no map'
            when not switch.skus ? sku_catalog.sku then 'not named'
            when switch.skus -> sku_catalog.sku = 'true' then 'on'
            when switch.skus -> sku_catalog.sku = 'false' then 'off'
            else trim('"' from (switch.skus -> sku_catalog.sku)::text)
        end
    from (select distinct stored.sku from claim_ops.sku_catalog as stored) as sku_catalog
    left join switch on true
    order by sku_catalog.sku;
end
$function$;
comment on function claim_ops.show_switch is
$$One row a catalogued SKU: on, off, or what else the switch says of it. It asks
nothing of the models.$$;
{{ claim_reconciliation.guard_hand_over('show_switch', to=['claim_reader']) }}
{% endmacro %}

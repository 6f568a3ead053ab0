{% macro claim_ops__check_sku() %}
create function claim_ops._check_sku(p_sku text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
begin
    -- Without it a slip of the pen reads like good news: nothing to plan.
    if p_sku is not null
        and not exists (select 1 from claim_ops.sku_catalog where sku_catalog.sku = p_sku)
    then
        perform claim_ops._refuse(
            'CO013', format('unknown SKU %L', p_sku),
            'The SKUs are ' || (
                select string_agg(distinct sku_catalog.sku, ', ' order by sku_catalog.sku)
                from claim_ops.sku_catalog
            ),
            'Name one of them, or add it to the catalogue'
        );
    end if;
end
$function$;
comment on function claim_ops._check_sku is
'Refuses a SKU that the catalogue does not know; null means all SKUs.';
{{ claim_reconciliation.guard_hand_over('_check_sku') }}
{% endmacro %}

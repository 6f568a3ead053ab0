{% macro wallet_writes_of(journal) %}
    {#- What plans wrote about users; nothing where there is no guard. -#}
{%- if not journal %}
select
    null::bigint as entry_id,
    null::bigint as plan_id,
    null::text as kind,
    null::{{ var('user_id_data_type') }} as user_id,
    null::jsonb as items,
    null::timestamptz as wallet_updated_at,
    null::timestamptz as wallet_changed_at,
    null::timestamptz as written_at,
    null::boolean as is_reversed
where false
{%- else %}
select
    journal.entry_id,
    journal.plan_id,
    plans.kind,
    journal.user_id::{{ var('user_id_data_type') }} as user_id,
    to_jsonb(array(
        select wallet_items.item
        from {{ journal.incorporate(path={'identifier': 'wallet_items'}) }} as wallet_items
        where coalesce(journal.before, '{}') || coalesce(journal.after, '{}') ? wallet_items.column_name
        union
        select sku_catalog.item
        from jsonb_to_recordset(coalesce(journal.detail -> 'claims', journal.detail -> 'claims_taken_back'))
            as claim (sku text)
        inner join {{ journal.incorporate(path={'identifier': 'sku_catalog'}) }} as sku_catalog
            on claim.sku = sku_catalog.sku
    )) as items,
    journal.wallet_updated_at,
    journal.wallet_changed_at,
    journal.written_at,
    reversed_entries.entry_id is not null as is_reversed
from {{ journal }} as journal
inner join {{ journal.incorporate(path={'identifier': 'plans'}) }} as plans on journal.plan_id = plans.plan_id
left join {{ journal.incorporate(path={'identifier': 'reversed_entries'}) }} as reversed_entries
    on journal.entry_id = reversed_entries.entry_id
where journal.event = 'applied' and journal.user_id is not null
{%- endif %}
{%- endmacro %}

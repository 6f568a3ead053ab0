{% macro key_equals(table, column, value, alias=none) %}
    {#- Whether the column holds a value that service_value gave: compared in the column's own type,
        so that its index is used, and by its own equality. -#}
    {%- set key = claim_reconciliation.source_key(table, column, alias) -%}
    {{- return(key.name ~ ' ' ~ key.equals ~ ' ' ~ (key.cast | replace('@', value))) -}}
{% endmacro %}


{% macro key_is_any(table, column, keys, alias=none) %}
    {#- Whether the column holds one of an array of such values. -#}
    {%- set key = claim_reconciliation.source_key(table, column, alias) -%}
    {%- if key.cast != '@' -%}
        {%- set keys = 'array(select ' ~ (key.cast | replace('@', 'given.key')) ~ ' from unnest('
            ~ keys ~ ') as given (key))'
        -%}
    {%- endif -%}
    {{- return(key.name ~ ' ' ~ key.equals ~ ' any(' ~ keys ~ ')') -}}
{% endmacro %}


{% macro source_key(table, column, alias) %}
    {#- {name, equals, cast}: in `cast`, @ stands for a value;
        null where the column's type cannot hold it. -#}
    {%- set mapped = claim_reconciliation.mapped_column(table, column) -%}
    {%- set found = claim_reconciliation.found_column(table, column) or {'base': 'text'} -%}
    {%- set key = {
        'name': found.expression or (alias ~ '.' if alias else '') ~ adapter.quote(mapped),
        'equals': '=', 'cast': '@',
    } -%}
    {%- if found.base == 'citext' -%}
        {%- do key.update({
            'equals': 'operator(' ~ found.schema ~ '.=)',
            'cast': '(@)::' ~ found.schema ~ '.citext',
        }) -%}
    {%- elif found.base == 'bpchar' -%}
        {%- do key.update({'cast': '(@)::bpchar'}) -%}
    {%- elif column == 'tx_id' and found.base == 'uuid' -%}
        {%- do key.update({
            'cast': "case when @ ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'"
                " then (@)::uuid end",
        }) -%}
    {%- elif column == 'tx_id' and found.base in ('int2', 'int4', 'int8') -%}
        {%- do key.update({'cast': "case when @ ~ '^-?[0-9]{1,18}$' then (@)::bigint end"}) -%}
    {%- elif column == 'tx_id' and found.base not in ('text', 'varchar', 'name') -%}
        {%- do key.update({'name': claim_reconciliation.service_value(table, column, alias)}) -%}
    {%- endif -%}
    {{- return(key) -}}
{% endmacro %}


{% macro as_spelled(argument, column) %}
    {#- A statement of a function's body that spells an id that somebody typed as service_value
        does: of ids that differ by case alone, citext makes one. Nothing where each spelling is an
        id of its own. -#}
    {%- set bases = [] -%}
    {%- for table in ['purchase_claims', 'user_wallet_balances', 'audit_purchases']
        if column in claim_reconciliation.known_columns()[table] -%}
        {%- do bases.append((claim_reconciliation.found_column(table, column) or {}).base) -%}
    {%- endfor -%}
    {%- if 'citext' in bases %}
    {{ argument }} := lower({{ argument }});
    {%- endif -%}
{% endmacro %}


{% macro has_unique_key(table_id, column) -%}
{#- Whether the column alone is a unique key of the table, for writers at one moment. -#}
exists (
    select 1
    from pg_catalog.pg_index
    join pg_catalog.pg_attribute
        on pg_index.indrelid = pg_attribute.attrelid and pg_index.indkey[0] = pg_attribute.attnum
    where pg_index.indrelid = {{ table_id }}
        and pg_index.indisunique and pg_index.indimmediate and pg_index.indisvalid
        and pg_index.indpred is null and pg_index.indnkeyatts = 1
        and pg_attribute.attname = {{ column }}
)
{%- endmacro %}

{% macro spark__columns_of_sources() %}
    {#- The rows of source_columns for tables of a lake, as far as models read them. -#}
    {%- set wallets = {} -%}
    {%- for item in claim_reconciliation.wallet_items() -%}
        {%- do wallets.update({
            item.column: {'family': 'integer' if item.kind == 'quantity' else 'time'}
        }) -%}
    {%- endfor -%}
    {%- set found = [] -%}
    {%- for source, columns in claim_reconciliation.known_columns().items() -%}
        {%- set types = claim_reconciliation._lake_types(
            claim_reconciliation.service_table(source)
        ) -%}
        {%- set is_read_source = source not in claim_reconciliation.optional_sources()
            or var('has_' ~ source, none)
            or (var('has_' ~ source, none) is none and types is not none) -%}
        {%- set known = dict(columns, **(wallets if source == 'user_wallet_balances' else {})) -%}
        {%- for name, column in known.items() -%}
            {%- set mapping = claim_reconciliation.map_var(
                'claim_service_columns'
            ).get(source, {}) -%}
            {%- set column_name = mapping.get(name, name) -%}
            {%- set type = (types or {}).get(column_name) -%}
            {%- set row = {
                'source': source, 'name': name, 'column_name': column_name,
                'type_family': column.family,
                'relation': claim_reconciliation.service_table(source) | string, 'type_name': type,
                'is_read_source': is_read_source, 'is_there': types is not none,
                'is_read': is_read_source and column_name is not none
                and (not column.get('is_optional') or name in mapping or type is not none),
            } -%}
            {%- if types is not none and name in mapping and not type
                and modules.re.search('[^\\w $]', column_name or '') -%}
                {%- do row.update({'expression': '(' ~ column_name ~ ')', 'type_name': run_query(
                    'select typeof(any_value((' ~ column_name ~ '))) from ' ~ row.relation
                ).rows[0][0]}) -%}
            {%- endif -%}
            {%- do row.update(claim_reconciliation._as_of_postgres(row)) -%}
            {%- do found.append(row) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{% macro _lake_types(relation) %}
    {#- The types of a table's columns by their names; none where there is no such table. -#}
    {%- if run_query(
        'show tables in ' ~ relation.schema ~ " like '" ~ relation.identifier ~ "'"
    ).rows | length == 0 -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set types = {} -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do types.update({column.name: column.dtype}) -%}
    {%- endfor -%}
    {{- return(types) -}}
{% endmacro %}


{% macro _as_of_postgres(row) %}
    {#- A column's types by the names that the macros ask for:
        the text of an id is one of user_id_data_type. -#}
    {%- set base = {
        'string': 'text', 'timestamp_ntz': 'timestamp', 'timestamp': 'timestamptz'
    }.get(row.type_name, row.type_name) -%}
    {%- set is_id = row.name == 'user_id' and base == 'text' -%}
    {{- return({
        'base_type': base, 'type_name': var('user_id_data_type') if is_id else row.type_name,
        'type_schema': none
    }) -}}
{% endmacro %}


{% macro spark__unreadable_sources() %}
    {%- set wrong = [] -%}
    {%- for column in claim_reconciliation.looked_up_columns() if column.is_read -%}
        {%- set place = column.relation ~ '.' ~ column.column_name -%}
        {%- if not column.is_there -%}
            {%- do wrong.append(
                column.relation
                ~ ' is not there. Name the table that it is in claim_service_tables.'
            ) -%}
        {%- elif not column.type_name -%}
            {%- do wrong.append(
                place ~ ' is not there. Name the column that it is in claim_service_columns.'
            ) -%}
        {%- elif column.type_family == 'time'
            and column.base_type not in ('timestamptz', 'timestamp', 'date') -%}
            {%- do wrong.append(
                place ~ ' is ' ~ column.type_name ~ ', but must be a timestamp.'
            ) -%}
        {%- elif column.type_family == 'time' and column.base_type != 'timestamptz'
            and not claim_reconciliation.source_time_zone(column.source) -%}
            {%- do wrong.append(
                place ~ ' is ' ~ column.type_name
                ~ ': without a zone its moment is unknown. Name it in claim_service_time_zones.'
            ) -%}
        {%- elif column.type_family == 'integer'
            and column.base_type not in ('int', 'bigint', 'smallint', 'tinyint') -%}
            {%- do wrong.append(
                place ~ ' is ' ~ column.type_name ~ ', but must be a whole number.'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(wrong | unique | list) -}}
{% endmacro %}

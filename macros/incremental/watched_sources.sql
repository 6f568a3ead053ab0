{% macro watched_sources() %}
    {#- The tables that int_wallet_balances reads, as {name, relation, user, counts}: `counts` is
        the condition of a row that the staging model has and that names a user. -#}
    {{- return(claim_reconciliation.once_a_run(
        'watched_sources', claim_reconciliation.sources_of_balances
    )) -}}
{% endmacro %}


{% macro sources_of_balances() %}
    {%- set sources = [] -%}
    {%- for name, time in [
        ('purchase_claims', 'claimed_at'), ('wallet_adjustments', 'adjusted_at'),
        ('user_wallet_balances', none)
    ] if claim_reconciliation.has_source(name) -%}
        {%- set user = claim_reconciliation.service_value(name, 'user_id') -%}
        {%- set counts = '(' ~ user ~ ') is not null' ~ claim_reconciliation.and_counts(name) -%}
        {%- if time -%}
            {%- set counts -%}
                {{ counts }}
                and {{ claim_reconciliation.up_to_as_of(
                    claim_reconciliation.service_value(name, time)
                ) }}
            {%- endset -%}
        {%- endif -%}
        {%- do sources.append({
            'name': name, 'relation': claim_reconciliation.service_table(name), 'user': user,
            'counts': counts,
        }) -%}
    {%- endfor -%}
    {{- return(sources) -}}
{% endmacro %}


{% macro unwatchable_source() %}
    {#- Why rows that changed cannot be told from others; none where they can. A view, a foreign
        table and an expression show no version of a row; where a user may have two wallets, a lost
        one shows in no count. -#}
    {%- for column in claim_reconciliation.looked_up_columns()
        if column.source in ('purchase_claims', 'user_wallet_balances', 'wallet_adjustments')
        and column.is_read -%}
        {%- if column.table_kind not in ('r', 'p') -%}
            {{- return(column.source ~ ' is no plain table') -}}
        {%- elif column.expression -%}
            {{- return(column.source ~ '.' ~ column.name ~ ' is an expression') -}}
        {%- endif -%}
    {%- endfor -%}
    {%- set sources = claim_reconciliation.watched_sources() -%}
    {%- for source in sources
        if not run_query(
            "select has_table_privilege('" ~ source.relation ~ "', 'select')"
        ).rows[0][0] -%}
        {{- return(
            'single columns of ' ~ source.name ~ ' may be read, but not the version of a row'
        ) -}}
    {%- endfor -%}
    {%- if claim_reconciliation.wallets_may_double() -%}
        {{- return('no key of user_wallet_balances keeps a user from a second wallet') -}}
    {%- endif -%}
    {%- for source in sources if claim_reconciliation.source_filter(source.name) -%}
        {#- PostgreSQL says whether a condition depends on the row alone:
            no other is let into an index. -#}
        {%- set refused = claim_reconciliation.refused(
            'create temporary table conditions (like ' ~ source.relation ~ ') on commit drop;'
            ~ ' create index on conditions ((1)) where '
            ~ claim_reconciliation.source_filter(source.name) ~ '; drop table conditions'
        ) -%}
        {%- if refused -%}
            {{- return(
                'the condition of ' ~ source.name ~ ' depends on more than its row: ' ~ refused
            ) -}}
        {%- endif -%}
    {%- endfor -%}
    {{- return(none) -}}
{% endmacro %}

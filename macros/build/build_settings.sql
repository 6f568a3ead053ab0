{% macro build_settings() %}
    {#- settings_as_json, to stand between single quotes. -#}
    {{- return(claim_reconciliation.in_quotes(claim_reconciliation.settings_as_json())) -}}
{% endmacro %}


{% macro settings_as_json() %}
    {#- Every var that decides what a balance is and what may be planned,
        as JSON with sorted keys. -#}
    {%- set settings = {} -%}
    {%- for name in [
        'booster_stacking_policy', 'booster_tolerance_seconds', 'cap_timezone', 'cap_window',
        'claim_service_filters', 'claim_service_time_zones', 'max_model_age_hours',
        'negative_ledger_policy', 'plan_expiry_hours', 'recoverable_statuses', 'refund_statuses',
        'settle_minutes', 'sku_catalog_model', 'strict', 'ticket_pattern', 'user_id_data_type',
        'wallet_items',
    ] + claim_reconciliation.breakers() | list -%}
        {%- do settings.update({name: var(name)}) -%}
    {%- endfor -%}
    {#- What was found, not the var, which says nothing where nobody overrides. -#}
    {%- for name in claim_reconciliation.optional_sources() -%}
        {%- do settings.update({'has_' ~ name: claim_reconciliation.has_source(name)}) -%}
    {%- endfor -%}
    {%- for name in ['purchase_claims', 'audit_purchases', 'queued_purchases'] -%}
        {%- do settings.update({
            'units_of_' ~ name: claim_reconciliation.has_column(name, 'units')
        }) -%}
    {%- endfor -%}
    {{- return(tojson(settings, sort_keys=true)) -}}
{% endmacro %}


{% macro in_quotes(text) %}
    {#- A text as it stands between single quotes. -#}
    {{- return(adapter.dispatch('in_quotes', 'claim_reconciliation')(text)) -}}
{% endmacro %}


{% macro default__in_quotes(text) %}
    {{- return(text | replace("'", "''")) -}}
{% endmacro %}


{% macro spark__in_quotes(text) %}
    {{- return(text | replace('\\', '\\\\') | replace("'", "\\'")) -}}
{% endmacro %}


{% macro build_settings_digest(sku_catalog) %}
    {#- One SHA-256, in hex, over the settings and the catalogue's rows: models and guard each store
        it, so that a plan is refused where they were made from different rules. -#}
    {{- return(adapter.dispatch('build_settings_digest', 'claim_reconciliation')(sku_catalog)) -}}
{% endmacro %}


{% macro default__build_settings_digest(sku_catalog) %}
    (
        select
            encode(sha256(convert_to(jsonb_build_array(
                '{{ claim_reconciliation.build_settings() }}'::jsonb,
                coalesce(
                    jsonb_agg(
                        jsonb_build_array(
                            sku, item, quantity, duration_hours, weekly_cap, monthly_cap,
                            valid_from at time zone 'UTC', valid_to at time zone 'UTC'
                        )
                        order by sku, valid_from
                    ),
                    '[]'::jsonb
                )
            )::text, 'UTF8')), 'hex')
        from {{ sku_catalog }}
    )
{%- endmacro %}

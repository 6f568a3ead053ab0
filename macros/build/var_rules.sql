{% macro var_rules() %}
    {#- What each var may be: its kind, its bounds, and the words that say so. -#}
    {%- set rules = {} -%}
    {%- for least, names in claim_reconciliation.whole_number_vars().items() -%}
        {%- for name in names -%}
            {%- do rules.update({name: {
                'kind': 'number', 'whole': true, 'least': least,
                'words': 'a whole number from ' ~ least ~ ' on',
            }}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for name in [
        'max_unsettled_share', 'slo_availability', 'slo_latency_share', 'slo_window_error_rate',
        'slo_windows_share', 'alert_error_rate', 'alert_slow_share', 'alert_conflict_rate',
    ] + claim_reconciliation.breakers_that('is_share') -%}
        {%- do rules.update({
            name: {'kind': 'number', 'least': 0, 'most': 1, 'words': 'a share from 0 to 1'}
        }) -%}
    {%- endfor -%}
    {%- for name in ['slo_latency_ms', 'alert_latency_ms', 'fast_burn_rate'] -%}
        {%- do rules.update({
            name: {'kind': 'number', 'least': 0.001, 'words': 'a number above 0'}
        }) -%}
    {%- endfor -%}
    {#- Seconds are fractions of it. -#}
    {%- do rules.update({
        'settle_minutes': {'kind': 'number', 'least': 0, 'words': 'a number from 0 on'}
    }) -%}
    {%- for name in ['strict', 'deduplicate_metrics'] -%}
        {%- do rules.update({name: {'kind': 'boolean', 'words': 'true or false'}}) -%}
    {%- endfor -%}
    {%- for name in claim_reconciliation.optional_sources() -%}
        {%- do rules.update({'has_' ~ name: {
            'kind': 'boolean', 'or_null': true,
            'words': 'true, false, or null to look for the table',
        }}) -%}
    {%- endfor -%}
    {%- for name, least in [
        ('recoverable_statuses', 0), ('refund_statuses', 0), ('ignored_statuses', 0),
        ('claim_functions', 1),
    ] -%}
        {%- do rules.update({name: {
            'kind': 'list', 'least': least,
            'words': 'a list of ' ~ ('at least one text' if least else 'texts')
            ~ ', none of them blank or twice',
        }}) -%}
    {%- endfor -%}
    {%- do rules.update(claim_reconciliation.named_var_rules()) -%}
    {{- return(rules) -}}
{% endmacro %}


{% macro whole_number_vars() %}
    {#- The vars that are whole numbers, by the least that each may be. -#}
    {{- return({
        0: [
            'booster_tolerance_seconds', 'burst_gap_minutes', 'metrics_lookback_hours',
            'metrics_live_minutes', 'min_requests', 'alert_unclaimed_purchases',
            'alert_purchases_without_claim', 'alert_claims_without_metric',
        ] + claim_reconciliation.breakers_that('least', 0),
        1: [
            'max_model_age_hours', 'plan_expiry_hours', 'test_results_retention_days',
            'metrics_retention_days', 'wallet_history_days', 'wallet_check_parts',
            'alert_error_rate_minutes', 'alert_latency_minutes', 'alert_widest_minutes',
            'alert_discrepancy_hours', 'alert_silence_minutes',
        ] + claim_reconciliation.breakers_that('least', 1),
    }) -}}
{% endmacro %}


{% macro named_var_rules() %}
    {#- The rules of vars that name something: a choice, a zone, a table, a column. -#}
    {%- set zone = {
        'kind': 'text', 'like': '[A-Za-z][A-Za-z_]+(/[A-Za-z0-9_+-]+)*|[A-Z]+[0-9][A-Z]+',
        'words': 'the name of a time zone, such as Europe/Berlin; '
            'an offset such as UTC+2 lies two hours west',
    } -%}
    {%- set time = {
        'kind': 'text', 'or_null': true,
        'like': '\\d{4}-\\d\\d-\\d\\d[ T]\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?'
            '(Z|[+-]\\d\\d(:?\\d\\d)?)',
        'words': 'a time with its zone, such as 2026-03-31 00:30:00+00, or null',
    } -%}
    {%- set tables = claim_reconciliation.known_columns().keys() | list -%}
    {%- set map = {
        'kind': 'map', 'keys': tables, 'words': 'a map whose keys are among ' ~ tables | join(', ')
    } -%}
    {%- set filtered = tables | reject('in', ['function_metrics', 'store_config']) | list -%}
    {{- return({
        'cap_window': {'kind': 'text', 'like': 'calendar|rolling', 'words': 'calendar or rolling'},
        'negative_ledger_policy': {
            'kind': 'text', 'like': 'ask|clamp|allow', 'words': 'ask, clamp or allow'
        },
        'booster_stacking_policy': {'kind': 'text', 'like': 'max|extend', 'words': 'max or extend'},
        'cap_timezone': zone,
        'local_timezone': zone,
        'metrics_time_zone': dict(zone, or_null=true),
        'as_of': time,
        'recount_metrics_from': time,
        'recount_metrics_until': time,
        'user_id_data_type': {'kind': 'text', 'words': 'a type of PostgreSQL'},
        'claim_service_login': {
            'kind': 'text', 'or_null': true, 'words': 'the name of a role, or null'
        },
        'claim_service_schema': {'kind': 'text', 'words': 'the name of a schema'},
        'sku_catalog_model': {'kind': 'text', 'words': 'the name of a model or seed'},
        'runbook_url': {'kind': 'text', 'words': 'an address'},
        'ticket_pattern': {'kind': 'text', 'words': 'a regular expression'},
        'build_intervals': {
            'kind': 'map', 'minutes': true,
            'words': 'a map of selectors, each with its interval in whole minutes'
        },
        'wallet_items': {'kind': 'map', 'words': 'a map of items, each with its column and kind'},
        'claim_service_tables': map,
        'claim_service_columns': map,
        'claim_service_time_zones': dict(map, or_null=true),
        'claim_service_filters': {
            'kind': 'map', 'keys': filtered,
            'words': 'a map whose keys are among ' ~ filtered | join(', '),
        },
    }) -}}
{% endmacro %}

{% macro spark__build_settings_digest(sku_catalog) %}
    {#- The same text as PostgreSQL's, hence the same digest: a guard knows by it what a lake's
        models were made from. -#}
    {%- set settings = claim_reconciliation._jsonb_text(
        fromjson(claim_reconciliation.settings_as_json())
    ) -%}
    (
        select
            sha2(concat(
                '[{{ claim_reconciliation.in_quotes(settings) }}, [',
                array_join(transform(
                    array_sort(collect_list(struct(sku, valid_from, concat(
                        '[', {{ claim_reconciliation._json_string('sku') }},
                        ', ', {{ claim_reconciliation._json_string('item') }},
                        {%- for column in [
                            'quantity', 'duration_hours', 'weekly_cap', 'monthly_cap'
                        ] %}
                        ', ', coalesce(cast({{ column }} as string), 'null'),
                        {%- endfor %}
                        ', ', {{ claim_reconciliation._json_time('valid_from') }},
                        ', ', {{ claim_reconciliation._json_time('valid_to') }}, ']'
                    ) as line))), each -> each.line
                ), ', '),
                ']]'
            ), 256)
        from {{ sku_catalog }}
    )
{%- endmacro %}


{% macro _json_string(column) -%}
    coalesce(regexp_extract(to_json(array({{ column }})), '(?s)^.(.*).$', 1), 'null')
{%- endmacro %}


{% macro _json_time(column) -%}
    case {{ column }}
        when {{ claim_reconciliation.infinity() }} then '"infinity"'
        when {{ claim_reconciliation.infinity('-') }} then '"-infinity"'
        else concat(
            '"',
            regexp_replace(
                date_format({{ column }}, "yyyy-MM-dd'T'HH:mm:ss.SSSSSS"), '[.]?0{1,6}$', ''
            ),
            '"'
        )
    end
{%- endmacro %}


{% macro _jsonb_text(value) %}
    {#- A value as PostgreSQL writes jsonb: shorter keys first,
        and a blank behind each colon and comma. -#}
    {%- set parts = [] -%}
    {%- if value is mapping -%}
        {%- for key in value.keys() | sort -%}
            {%- do parts.append(['%08d' | format(key.encode('utf-8') | length) ~ key, key]) -%}
        {%- endfor -%}
        {%- set pairs = [] -%}
        {%- for _, key in parts | sort -%}
            {%- do pairs.append(
                tojson(key) ~ ': ' ~ claim_reconciliation._jsonb_text(value[key])
            ) -%}
        {%- endfor -%}
        {{- return('{' ~ pairs | join(', ') ~ '}') -}}
    {%- elif value is sequence and value is not string -%}
        {%- for each in value -%}
            {%- do parts.append(claim_reconciliation._jsonb_text(each)) -%}
        {%- endfor -%}
        {{- return('[' ~ parts | join(', ') ~ ']') -}}
    {%- endif -%}
    {{- return(tojson(value)) -}}
{% endmacro %}

{% macro guard_moved_claims(details) -%}
    {#- What the journal keeps of a line's details: the claims that it inserts and takes back. -#}
case
    when {{ details }} ?| '{claims,claims_taken_back}'
        then jsonb_strip_nulls(jsonb_build_object(
            'claims', {{ details }} -> 'claims',
            'claims_taken_back', {{ details }} -> 'claims_taken_back'
        ))
    else '{}'
end
{%- endmacro %}

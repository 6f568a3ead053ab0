{% macro prepare_session(setting) %}
    {#- A statement before each model, where the session is not what its SQL takes for granted. -#}
    {{- return(adapter.dispatch('prepare_session', 'claim_reconciliation')(setting)) -}}
{% endmacro %}


{% macro default__prepare_session(setting) %}
{% endmacro %}


{% macro spark__prepare_session(setting) %}
    {#- dbt turns ANSI mode off, in which a cast that fails gives null and a sum that is too large
        wraps. -#}
    set {{ {
        'ansi': 'spark.sql.ansi.enabled = true', 'zone': 'spark.sql.session.timeZone = UTC'
    }[setting] }}
{% endmacro %}

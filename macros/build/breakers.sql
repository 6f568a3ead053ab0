{% macro breakers() %}
    {#- The vars that limit a plan, each with what it may be (a share, or a whole number from
        `least` on), whether it limits claims too, and of whose doing it is a suspicion: spends, or
        grants. What each counts stands in _breaker_figures and guard_suspicions. -#}
    {{- return({
        'max_affected_share': {'is_share': true},
        'max_wallets': {'least': 1, 'limits_claims': true},
        'max_net_quantity': {'least': 1, 'limits_claims': true},
        'max_suspected_spends': {'least': 0, 'suspects': 'spends'},
        'max_suspected_share': {'is_share': true, 'suspects': 'spends'},
        'max_unexplained_excess': {'least': 0, 'suspects': 'grants'},
    }) -}}
{% endmacro %}


{% macro breakers_that(key, value=true) %}
    {#- The names of those that have a key of this value; of any value where it is none. -#}
    {%- set names = [] -%}
    {%- for name, breaker in claim_reconciliation.breakers().items()
        if key in breaker and (value is none or breaker[key] == value) -%}
        {%- do names.append(name) -%}
    {%- endfor -%}
    {{- return(names) -}}
{% endmacro %}

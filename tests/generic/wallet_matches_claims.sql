{% test wallet_matches_claims(
    model,
    claims,
    balance_column,
    quantity='1',
    user_id_column='user_id', claims_user_id_column=none,
    tolerance=0,
    settled_before=none,
    updated_at_column='updated_at', claimed_at_column='claimed_at',
    max_wrong_share=0
) %}
-- The leaf below keeps a failure from skipping the models that read both relations.
-- depends_on: {{ ref('claim_reconciliation', 'rpt_wallet_build') }}
with

wallets as (
    select
        {{ user_id_column }} as user_id,
        {{ balance_column }} as balance,
        {% if settled_before -%}
        {{ updated_at_column }} as updated_at,
        {% endif -%}
        true as has_wallet
    from {{ model }}
),

claimed as (
    select
        {{ claims_user_id_column or user_id_column }} as user_id,
        sum({{ quantity }}) as balance,
        {% if settled_before -%}
        max({{ claimed_at_column }}) as last_claimed_at,
        {% endif -%}
        true as has_claims
    from {{ claims }}
    group by {{ claims_user_id_column or user_id_column }}
),

compared as (
    select
        coalesce(wallets.user_id, claimed.user_id) as user_id,
        case when wallets.has_wallet then wallets.balance else 0 end as wallet_balance,
        case when claimed.has_claims then claimed.balance else 0 end as claimed_balance
    from wallets
    full outer join claimed on wallets.user_id = claimed.user_id
    {% if settled_before -%}
    where coalesce(
        greatest(wallets.updated_at, claimed.last_claimed_at) <= {{ settled_before }}, true
    )
    {% endif -%}
),

wrong as (
    select * from compared
    where (abs(wallet_balance - claimed_balance) <= {{ tolerance }}) is distinct from true
)

select * from wrong
where (select count(*) from wrong) > {{ max_wrong_share }} * (select count(*) from compared)
{% endtest %}

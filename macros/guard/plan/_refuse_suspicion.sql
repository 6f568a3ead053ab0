{% macro claim_ops__refuse_suspicion() %}
create function claim_ops._refuse_suspicion(p_tripped jsonb, p_found jsonb)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
declare
    v_of_spends constant text[] := array[
        '{{ claim_reconciliation.breakers_that('suspects', 'spends') | join("', '") }}'
    ];
    v_is_spend constant boolean := p_tripped ?| v_of_spends;
    v_examples constant jsonb := coalesce(
        -- Null in JSON where this plan holds none and the plans of the 24 hours
        -- before trip the limit.
        nullif(p_found -> case
            when v_is_spend then 'suspected_spends'
            else 'unexplained_excess'
        end, 'null'), '[]'
    );
    v_figures constant text := (
        select string_agg(format('%s is %s', key, value), '; ' order by key)
        from jsonb_each_text(p_tripped)
        where (key = any(v_of_spends)) = v_is_spend
            and key = any(
                array['{{ claim_reconciliation.breakers_that('suspects', none) | join("', '") }}']
            )
    );
    v_evidence constant text := (
        select string_agg(format(
            'user %s (%s holds %s, by %s claims it would be %s; last claim %s, wallet changed %s)',
            example.user_id, example.item, coalesce(example.before, 'nothing'),
            example.grounds ->> 'claims', example.after,
            coalesce(left(example.grounds ->> 'last_claimed_at', 16), 'never'),
            coalesce(left(example.grounds ->> 'wallet_changed_at', 16), 'at an unknown time')
        ), ', ')
        from jsonb_to_recordset(v_examples) as example (
            user_id text, item text, before text, after text, grounds jsonb
        )
    );
    v_commands constant text := coalesce(
        (
            select string_agg('claimctl explain ' || (example ->> 'user_id'), '; ')
            from jsonb_array_elements(v_examples) as example
        ),
        'claimctl plans'
    );
begin
    -- No limit to copy: what the app or support did on purpose would be undone one paste later.
    if v_is_spend then
        perform claim_ops._refuse(
            'CO005', 'this looks like spends that nobody modelled: ' || v_figures,
            'What is short belongs to wallets that changed long after the last claim, as when a '
            'shield is used: ' || coalesce(v_evidence, 'see the plans of the last 24 hours'),
            'If the app spends, keep the spends in wallet_adjustments (docs/runbook.md, "The app '
            'began to spend"), build and plan again; only where a ticket says that they are no '
            'spends, raise the limit with --raise and that ticket in --reason; first look at '
            'these users: ' || v_commands
        );
    end if;
    perform claim_ops._refuse(
        'CO005', 'this looks like grants that nobody modelled: ' || v_figures,
        'What is in excess is explained by no retry, doubled claim, restored backup or unclaimed '
        'purchase: ' || coalesce(v_evidence, 'see the plans of the last 24 hours'),
        'Look for grants first (goodwill of support, gifts, tests): keep them in '
        'wallet_adjustments, or leave these users out with --exclude; only where a ticket says '
        'that it was no gift, raise the limit with --raise and that ticket in --reason; first '
        'look at these users: ' || v_commands
    );
end
$function$;
comment on function claim_ops._refuse_suspicion is
$$Refuses a plan that would give back what users spent, or take what somebody gave them: with three
users to look at, where such changes belong, and no limit to copy.$$;
{{ claim_reconciliation.guard_hand_over('_refuse_suspicion') }}
{% endmacro %}

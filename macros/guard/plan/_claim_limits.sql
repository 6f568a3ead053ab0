{% macro claim_ops__claim_limits() %}
create function claim_ops._claim_limits(
    p_user_id text, p_limit integer, p_claimed_at text, p_include_over_cap boolean, p_raise jsonb
)
returns jsonb
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
begin
    if p_claimed_at is null or p_claimed_at not in ('purchase', 'now') then
        perform claim_ops._refuse(
            'CO013', format('a claim is made at the time of purchase or now, not %L', p_claimed_at),
            'Caps and boosters count from that time.', '--claimed-at purchase, or --claimed-at now'
        );
    end if;
    return jsonb_strip_nulls(jsonb_build_object(
        'user_id', p_user_id, 'limit', p_limit, 'claimed_at', p_claimed_at,
        'include_over_cap', coalesce(p_include_over_cap, false), 'raise', p_raise
    ));
end
$function$;
comment on function claim_ops._claim_limits is
$$The limits of a plan that claims purchases, as {name: value}; refuses an unknown
policy of claimed_at.$$;
{{ claim_reconciliation.guard_hand_over('_claim_limits') }}
{% endmacro %}

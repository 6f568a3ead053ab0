{% macro claim_ops__write_claims() %}
create function claim_ops._write_claims(
    p_plan claim_ops.plans, p_items claim_ops.plan_lines[], p_batch_id bigint, p_until timestamptz
)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set plan_cache_mode = force_custom_plan
as $function$
declare
    v_claims constant jsonb := {{ claim_reconciliation.guard_claims_of('p_items') | indent(4) }};
    v_created jsonb;
    v_inserted jsonb;
    v_locked {{ var('user_id_data_type') }}[];
    v_item claim_ops.plan_lines;
begin
    -- A wallet that is created comes before its claims, which may refer to it; one that is there is
    -- locked after them, since the writer who holds it may wait for one of these claims.
    v_created := claim_ops._create_wallets(p_items, p_until);
    v_inserted := claim_ops._insert_claims(v_claims, p_until);
    if jsonb_path_exists(v_inserted, '$.* ? (@ == "not_written")') then
        perform claim_ops._refuse_unwritten(
            format('a claim of user %s', p_items[1].user_id),
            '{{ claim_reconciliation.guard_relation('purchase_claims') }}', p_plan.plan_id
        );
    end if;
    v_locked := claim_ops._lock_wallets(array(select item.user_id from unnest(p_items) as item));
    -- A later statement than the lock: only now does the snapshot hold every claim that
    -- the lock waited for.
    perform claim_ops._refuse_lines(jsonb_object_agg(judged.line_no, judged.verdict))
    from (
        select items.line_no, coalesce(
            v_created ->> items.line_no::text, inserted.verdict, purchases.verdict, wallets.verdict
        ) as verdict
        from unnest(p_items) as items
        left join lateral (
            select min(v_inserted ->> (claim.value ->> 'tx_id')) as verdict
            from jsonb_array_elements(items.details -> 'claims') as claim
            where v_inserted <> '{}'
        ) as inserted on true
        left join claim_ops._judge_purchases(p_plan.kind, p_items) as purchases
            on items.line_no = purchases.line_no
        left join claim_ops._judge_claim_lines(p_items, v_claims, v_locked) as wallets
            on items.line_no = wallets.line_no
    ) as judged
    where judged.verdict is not null;

    perform claim_ops._write_lines(
        p_plan, array(select item from unnest(p_items) as item where item.after <> '{}'),
        p_batch_id, p_until
    );
    foreach v_item in array p_items loop
        if v_item.after = '{}' then
            perform claim_ops._write_unchanged(p_batch_id, v_item);
        end if;
    end loop;
end
$function$;
comment on function claim_ops._write_claims is
$$Claims the purchases of these lines and credits their wallets, all of them or none. Refuses the
lines that are not to be written: claimed, where somebody was quicker; what _judge_purchases and
_judge_claim_lines say.$$;
{{ claim_reconciliation.guard_hand_over('_write_claims') }}
{% endmacro %}


{% macro guard_claims_of(items) -%}
    {#- The claims of these lines with their users, as [{tx_id, user_id, sku,
        claimed_at, units}]. -#}
coalesce((
    select jsonb_agg(claim.value || jsonb_build_object('user_id', item.user_id))
    from unnest({{ items }}) as item
    cross join lateral jsonb_array_elements(item.details -> 'claims') as claim
), '[]')
{%- endmacro %}

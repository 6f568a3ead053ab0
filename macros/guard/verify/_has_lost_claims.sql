{% macro guard_has_lost_claims() %}
create function claim_ops._has_lost_claims(p_entry claim_ops.journal)
returns boolean
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set row_security = off
as $function$
begin
    return exists (
        select 1
        from jsonb_to_recordset(p_entry.detail -> 'claims') as claim (tx_id text, sku text, claimed_at timestamptz)
        join claim_ops.plan_claims on claim.tx_id = plan_claims.tx_id
        left join (
            {{ claim_reconciliation.guard_rows_of(
                'purchase_claims', ['tx_id', 'user_id', 'sku', 'claimed_at'], 'array[p_entry.user_id]'
            ) | indent(8) }}
        ) as stored on claim.tx_id = stored.tx_id and claim.sku = stored.sku and claim.claimed_at = stored.claimed_at
        where stored.tx_id is null
    );
end
$function$;
comment on function claim_ops._has_lost_claims is
'Whether a claim that this entry inserted, and no rollback took back, is gone or another one now.';
{% endmacro %}

-- The reference claim: the claim and its wallet change in one transaction.
-- The wallet's row is locked before the caps are counted. Under READ COMMITTED each later statement
-- then sees what was committed before the lock was granted, so that two claims of a user cannot
-- both count the same claims. A retry finds its tx_id and changes nothing.
create function claim_purchase(
    p_tx_id text,
    p_user_id {user_id_type},
    p_sku text,
    out status_code int,
    out error_code text
)
language plpgsql
volatile
set search_path from current
as $function$
declare
    v_claimed_at timestamptz := now();
    v_week_start timestamptz := date_trunc('week', now() at time zone 'UTC') at time zone 'UTC';
    v_month_start timestamptz := date_trunc('month', now() at time zone 'UTC') at time zone 'UTC';
    v_limits sku_limits;
    v_claims_this_week int;
    v_claims_this_month int;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'claim_purchase needs READ COMMITTED'
            using errcode = 'invalid_transaction_state';
    end if;

    select * into v_limits from sku_limits where sku = p_sku;
    if not found then
        select 400, 'unknown_sku' into status_code, error_code;
        return;
    end if;

    if not exists (
        select from store_config
        where key = 'sku_enabled' and value -> p_sku = 'true'::jsonb
    ) then
        select 403, 'sku_disabled' into status_code, error_code;
        return;
    end if;

    insert into user_wallet_balances (user_id) values (p_user_id) on conflict do nothing;
    perform from user_wallet_balances where user_id = p_user_id for no key update;

    if exists (select from purchase_claims where tx_id = p_tx_id and user_id = p_user_id) then
        status_code := 200;
        return;
    end if;

    select
        count(*) filter (where claimed_at >= v_week_start),
        count(*) filter (where claimed_at >= v_month_start)
    into v_claims_this_week, v_claims_this_month
    from purchase_claims
    where user_id = p_user_id and sku = p_sku and claimed_at >= least(v_week_start, v_month_start);

    if v_claims_this_week >= v_limits.weekly_cap or v_claims_this_month >= v_limits.monthly_cap then
        select 409, 'cap_exceeded' into status_code, error_code;
        return;
    end if;

    insert into purchase_claims (tx_id, user_id, sku, claimed_at)
    values (p_tx_id, p_user_id, p_sku, v_claimed_at)
    on conflict do nothing;

    -- Another user's claim of the same tx_id came first: this one gives nothing.
    if not found then
        select 409, 'already_claimed' into status_code, error_code;
        return;
    end if;

    update user_wallet_balances
    set
        streakshield_count = case v_limits.item
            when 'streakshield' then coalesce(streakshield_count, 0) + v_limits.quantity
            else streakshield_count
        end,
        xp_booster_until = case v_limits.item
            when 'xp_booster' then greatest(
                xp_booster_until,
                v_claimed_at + v_limits.quantity * v_limits.duration_hours * interval '1 hour'
            )
            else xp_booster_until
        end,
        updated_at = v_claimed_at
    where user_id = p_user_id;

    status_code := 200;
end
$function$;

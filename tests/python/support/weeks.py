"""Five weeks of a service, planted by SQL: requests, two purchases, claims beyond a cap."""

from __future__ import annotations

USER = "5b1f6f0e-8f0c-4a53-9d0a-2f3f2f1f9c11"
# 34 days of requests, of which each 50th fails and each 7th is refused; six hours are silent.
REQUESTS = """
insert into function_metrics ("timestamp", function_name, status_code, duration_ms, error_code)
select
    now() - n * interval '7 minutes', 'claim',
    case when n % 50 = 0 then 500 when n % 7 = 0 then 409 else 200 end, 20 + n % 600,
    case when n % 50 = 0 then 'internal_error' when n % 7 = 0 then 'cap_exceeded' end
from generate_series(1, 34 * 24 * 60 / 7) as n
where n * 7 not between 600 and 960;
"""
PURCHASES = f"""
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at) values
    ('paid', '{USER}', 'consumable_streakshield_1', 'NON_RENEWING_PURCHASE', now() - interval '9h'),
    ('back', '{USER}', 'consumable_xp_booster_7d', 'REFUND', now() - interval '8 hours');
insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select 'cap-' || n, '{USER}', 'consumable_streakshield_1', now() - interval '100 hours'
from generate_series(1, 5) as n;
"""
# Claims of the first half-hour of a week in UTC, which is another week to the west of it.
BOUNDARIES = """
insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select
    'edge-' || n, 'edge-' || n, 'consumable_streakshield_1',
    date_trunc('week', now() - n * interval '7 days' + interval '6 days', 'UTC')
        + n * interval '5 minutes'
from generate_series(1, 4) as n;
"""
# Two busy hours of the day before yesterday, in the second of which a quarter of the requests fail.
BUSY = """
insert into function_metrics ("timestamp", function_name, status_code, duration_ms)
select
    date_trunc('hour', now() - interval '2 days') + n * interval '30 seconds', 'claim',
    case when n > 120 and n % 4 = 0 then 500 else 200 end, 50
from generate_series(1, 239) as n;
"""

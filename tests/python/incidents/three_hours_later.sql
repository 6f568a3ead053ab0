update purchase_claims
set claimed_at = claimed_at - interval '3 hours'
where user_id like 'flight-%';
update user_wallet_balances
set updated_at = updated_at - interval '3 hours'
where user_id like 'flight-%';

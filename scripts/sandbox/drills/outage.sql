-- The database refuses every write of the service, until end_outage() is called.
create function fail_claims() returns trigger language plpgsql as $$
begin
    raise exception 'could not extend file: No space left on device';
end
$$;

create trigger fails before insert or update on purchase_claims
for each statement execute function fail_claims();

create trigger fails before insert or update on user_wallet_balances
for each statement execute function fail_claims();

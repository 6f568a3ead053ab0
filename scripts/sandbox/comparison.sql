-- By fault: wallets, wrong balances, and how many the models show as what they are, settled ones as
-- errors and those in flight as unsettled. Last, the false alarms: settled discrepancies that
-- nobody injected.
with

discrepancies as (
    select * from dbt_claim_reconciliation.fct_wallet_discrepancies
),

faults as (
    select
        injected.fault,
        injected.in_flight,
        count(distinct injected.user_id) as wallets,
        count(*) as injected,
        count(discrepancies.user_id) as found
    from sandbox.injected_faults as injected
    left join discrepancies
        on injected.user_id = discrepancies.user_id
        and injected.item = discrepancies.item
        and injected.discrepancy_type = discrepancies.discrepancy_type
        and injected.in_flight is distinct from discrepancies.is_settled
    group by injected.fault, injected.in_flight
),

false_alarms as (
    select count(*) as false_alarms
    from discrepancies
    left join sandbox.injected_faults as injected
        on discrepancies.user_id = injected.user_id
        and discrepancies.item = injected.item
        and not injected.in_flight
    where discrepancies.is_settled and injected.user_id is null
)

select fault, in_flight, wallets, injected, found from faults
union all
select null, null, null, null, false_alarms from false_alarms
order by in_flight, fault

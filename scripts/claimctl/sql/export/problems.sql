-- Where chain, plans and journal disagree: no row where all of it holds.
select * from claim_ops.check_journal()

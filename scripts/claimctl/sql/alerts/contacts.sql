-- Grain: one row a contact that alerts are sent to, in the order in which they are told.
select
    contact,
    escalation_level,
    notify_variable
from {models}.escalation_contacts
where escalation_level is not null
order by escalation_level, contact

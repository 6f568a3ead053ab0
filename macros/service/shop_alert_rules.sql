{% macro shop_alert_rules() %}
    {#- The alerts of int_shop_alerts, one entry each: it fires where its value there is above the
        threshold. The description is shown while nothing is wrong. One of which nothing is found,
        as where there is no guard, has no row. -#}
    {{- return([
        {'alert': 'unclaimed_purchases', 'severity': 'warning',
         'threshold': var('alert_unclaimed_purchases'),
         'anchor': 'purchases-are-paid-for-and-were-never-claimed',
         'description': 'Settled purchases that were paid, may be recovered and have no claim.'},
        {'alert': 'old_discrepancies', 'severity': 'warning',
         'threshold': 0, 'anchor': 'wallets-are-wrong',
         'description': 'Settled balances that are wrong since more than '
         ~ var('alert_discrepancy_hours') ~ ' hours.'},
        {'alert': 'claims_stop', 'severity': 'critical',
         'threshold': var('alert_purchases_without_claim'),
         'anchor': 'the-claim-service-is-down',
         'description': 'Purchases that were paid for since the last claim.'},
        {'alert': 'log_not_written', 'severity': 'warning',
         'threshold': var('alert_claims_without_metric'),
         'anchor': 'no-data', 'description': 'Claims that came since the last metric.'},
        {'alert': 'unapproved_break_glass', 'severity': 'critical',
         'threshold': 0, 'anchor': 'unapproved-break-glass',
         'description': 'Kill switches that were applied without approval and that no other login '
         'has approved since.'},
    ]) -}}
{% endmacro %}

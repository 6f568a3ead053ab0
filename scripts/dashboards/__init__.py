"""The bundle of dashboards for Apache Superset, made of dashboards/dashboards.yml."""

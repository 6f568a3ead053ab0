"""What the tests stand on: databases made from a template, and dbt in this process."""

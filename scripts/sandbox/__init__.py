"""A claim service to play with: embedded PostgreSQL, the service's tables, live traffic."""

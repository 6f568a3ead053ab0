"""The command line: it resolves, calls SQL and prints; every rule lives in the database."""

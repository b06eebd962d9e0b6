"""The history of the tables, one revision a file, the same for SQLite and PostgreSQL."""

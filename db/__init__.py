"""The data: tables, engine, transactions and migrations."""

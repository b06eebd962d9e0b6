"""Servers of other projects on the same PostgreSQL, which are installed and measured when PEERS=1 is set."""

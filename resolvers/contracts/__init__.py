"""Contracts with organizations: their terms, their people, and the course runs that are made for them."""

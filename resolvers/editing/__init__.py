"""Editing content: `apply` makes a new course of one and a list of changes; writing makes it a run's version."""

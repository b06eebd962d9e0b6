"""Updating a run from its source without losing what was changed here."""

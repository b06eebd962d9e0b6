"""Courses that are kept as directories on disk: synchronized into the catalog, and read with what holds in sections."""

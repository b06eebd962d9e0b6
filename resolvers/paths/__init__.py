"""Courseware paths: every link into a course finds its unit (`spec/courseware-paths.md`)."""

"""Documents that are known by their hashes: trusted ones, and those that clients had remembered.

Nothing is imported here, so that the command line begins quickly.
"""

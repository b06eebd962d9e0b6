"""Client applications: who is registered, their tokens, and whom these make of a request. `docs/applications.md`.

Nothing is imported here, so that the command line begins quickly.
"""

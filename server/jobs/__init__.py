"""Jobs as operators see them: the processes that run them, and the commands. `docs/jobs.md`.

Nothing is imported here, so that the command line begins quickly.
"""

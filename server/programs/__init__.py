"""Programs as operators see them: the rules of the installation, and files of programs. `docs/programs-format.md`.

Nothing is imported here, so that the command line begins quickly.
"""

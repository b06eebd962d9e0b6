"""`python -m server` is `collegium`, also where the command is not on the path."""

from server.cli import main

main()

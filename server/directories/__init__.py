"""Course directories on the command line."""

"""Course content in the process: commands about it, and downloads of its files."""

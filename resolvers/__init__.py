"""What the fields do: one module per domain, access rules, and the batch executor of reads."""

"""The batch executor of reads: a selection is planned once, fetched level by level, and spliced into the answer.

`sources` is what nouns declare themselves with, `planner` what the server calls; the rest is between them. The decision
behind it stands in `docs/decisions/0001-reads-are-planned.md`.
"""

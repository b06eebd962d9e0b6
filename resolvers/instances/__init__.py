"""Open edX instances that courses are co-hosted on: content pushed to them, pulled from them, and whether it drifted.

Each has a name, which settings give it; `default` is the LMS and Studio that all else is done with. What was pushed
where is a row for each run and instance (`db.tables.InstanceContent`).
"""

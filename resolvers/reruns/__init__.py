"""Making the runs of contracts in Open edX out of their sources: one job for each run, until it is READY or FAILED.

    await request_reruns(session, [run], by=viewer)

asks for it in the transaction that plans the run (`db.tables.Rerun`). What is done next is decided in `machine`, done
in `making` and kept by `store`; `reconcile` compares what became of it with what is wanted.
"""

from resolvers.reruns.job import CONFIGURE_RUN, RERUN, request_configurations, request_reruns, rerun_handlers
from resolvers.reruns.machine import Reason, Rules, Step, Told
from resolvers.reruns.making import Platform
from resolvers.reruns.wanted import MODES, Wanted

__all__ = [
    "CONFIGURE_RUN",
    "MODES",
    "RERUN",
    "Platform",
    "Reason",
    "Rules",
    "Step",
    "Told",
    "Wanted",
    "request_configurations",
    "request_reruns",
    "rerun_handlers",
]

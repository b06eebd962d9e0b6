"""What a run is to be like in Open edX."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from db.tables import CourseRun
from edx.keys import CourseKey
from edx.lms import Mode, Pacing
from edx.studio import Changes

MODES = (Mode("audit", "Audit"), Mode("verified", "Verified", price=1))
"""The modes that a contract's run gets: a clone has none. Open edX takes no verified mode that costs nothing; what a
learner of a contract pays is settled by the contract, not there."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run as it is to be, and the run that it is made from. Times in UTC; None is open."""

    key: CourseKey
    source: CourseKey
    title: str
    pacing: Pacing
    start: datetime | None = None
    end: datetime | None = None
    enrollment_start: datetime | None = None
    enrollment_end: datetime | None = None
    modes: Sequence[Mode] = MODES

    def changes(self, open_end: datetime) -> Changes:
        """What Studio is to set: all of it, as a clone has the title and dates of its source.

        An open end is `open_end`, for Studio refuses null. An open start is left as the source has it.
        """
        return Changes(
            title=self.title,
            pacing=self.pacing,
            start=self.start,
            end=self.end or open_end,
            enrollment=(self.enrollment_start, self.enrollment_end),
        )


def wanted_of(run: CourseRun, source: CourseRun) -> Wanted:
    """What a row says."""
    return Wanted(
        key=CourseKey.parse(run.key),
        source=CourseKey.parse(source.key),
        title=run.display_name,
        pacing=Pacing(run.pacing.value),
        start=run.start,
        end=run.end,
        enrollment_start=run.enrollment_start,
        enrollment_end=run.enrollment_end,
    )

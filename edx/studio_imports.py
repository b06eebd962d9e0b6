"""Studio's imports by its API: an archive is handed over for a task, whose state is asked for.

Shapes are those recorded from the real one, which never showed a task on its way; what it may say then is from its
code. Why an import failed it does not say here: `edx.studio_session` has the page that does.
"""

from enum import StrEnum
from typing import IO

from edx.answers import Answer
from edx.errors import Failed
from edx.fields import required, text
from edx.http import OpenEdxHttp, Upload, quoted
from edx.keys import CourseKey
from edx.lms import read_whole

IMPORTS = "/api/courses/v0/import/"
FIELD, GZIP = "course_data", "application/gzip"
NO_TASK = "'NoneType' object has no attribute 'state'"
"""What Studio breaks down with over a task that it does not know, or knows under another name of the file."""

UPLOAD_SECONDS = 300.0


class ImportState(StrEnum):
    """Where an import is. Tasks that wait, or are tried again, are PENDING; states that are new to us IN_PROGRESS."""

    PENDING = "Pending"
    IN_PROGRESS = "In Progress"
    UNPACKING = "Unpacking"
    VERIFYING = "Verifying"
    UPDATING = "Updating"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"

    @property
    def step(self) -> int:
        """How many of the three stages are done."""
        return STEPS.get(self, 0)


STEPS = {ImportState.VERIFYING: 1, ImportState.UPDATING: 2, ImportState.SUCCEEDED: 3}


class StudioImports:
    """A client of them. Every method raises `OpenEdxError`; `patience` is how many seconds an upload may take."""

    def __init__(self, http: OpenEdxHttp, *, patience: float = UPLOAD_SECONDS) -> None:
        self._http = http
        self._patience = patience

    async def begin(self, key: CourseKey, archive: IO[bytes], filename: str) -> str:
        """Hand over an archive, whose name must end in `.tar.gz`; the task that imports it in place of the content.

        After any `Unreachable` but NotSent, and after `Failed`, there may be a task nevertheless.
        """
        upload = Upload(FIELD, filename, GZIP, archive)
        answer = await self._http.send_file(path_of(key), upload, operation="studio_import", patience=self._patience)
        return read_whole(answer, lambda item: required(item, "task_id", text))

    async def state(self, key: CourseKey, task: str, filename: str) -> ImportState | None:
        """Where the import of a file is; None where Studio has no such task."""
        query = {"task_id": task, "filename": filename}
        try:
            answer: Answer = await self._http.call(
                "GET", path_of(key), operation="studio_import_state", query=query, attempts=1
            )
        except Failed as error:
            if NO_TASK in error.messages:
                return None
            raise
        return state_of(read_whole(answer, lambda item: required(item, "state", text)))


def path_of(key: CourseKey) -> str:
    """Where a run's imports are."""
    return f"{IMPORTS}{quoted(key)}/"


def state_of(text: str) -> ImportState:
    """A state as Studio words it."""
    if text == "Retrying":
        return ImportState.PENDING
    return next((state for state in ImportState if state.value == text), ImportState.IN_PROGRESS)

"""Studio's pages for people, through the session of a user who signs in as people do. EXPERIMENTAL.

Exports, and why an import failed, are told by no API. No exchange with these pages was recorded: what is sent and read
follows the platform's code (`contentstore/views/import_export.py`, `user_authn`), and may change with a release.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

from edx.answers import Answer, messages_in
from edx.fields import required, whole
from edx.http import OpenEdxHttp, quoted
from edx.keys import CourseKey
from edx.lms import read_whole
from edx.studio_imports import ImportState

CSRF, CSRF_HEADER = "csrftoken", "X-CSRFToken"
TOKEN = "/csrf/api/v1/token"  # noqa: S105 -- a path
SIGN_IN = "/api/user/v2/account/login_session/"
ENTRY, RETURN = "/login/", "/complete/"
MOST_REDIRECTS = 10
MOST_WORDS = 20
EXPORTED = 3
OLD_STATES = {
    1: ImportState.UNPACKING,
    2: ImportState.VERIFYING,
    3: ImportState.UPDATING,
    4: ImportState.SUCCEEDED,
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a page says of an import or an export; `words` are Studio's own on why it failed."""

    state: ImportState
    words: str = ""


class StudioSession:
    """A user of an Open edX, signed in when first needed and again when the session has ended.

    `lms` and `studio` are clients that keep cookies and are used for nothing else. Every method raises `OpenEdxError`.
    """

    def __init__(self, lms: OpenEdxHttp, studio: OpenEdxHttp, username: str, password: str) -> None:
        self._lms, self._studio = lms, studio
        self._username, self._password = username, password
        self._signing_in = asyncio.Lock()
        self._times = 0

    def __repr__(self) -> str:
        return f"StudioSession({self._studio.base_url!r}, {self._username!r})"

    async def import_of(self, key: CourseKey, filename: str) -> Told | None:
        """What became of the last import of a file of this name; None where Studio knows of none."""
        path = f"/import_status/{quoted(key)}/{filename}"
        number, item = await self._status(path, "ImportStatus", "studio_import_status")
        if number == 0:
            return None
        if number < 0:
            return Told(ImportState.FAILED, words_of(item.get("Message")))
        return Told(OLD_STATES.get(number, ImportState.IN_PROGRESS))

    async def begin_export(self, key: CourseKey) -> None:
        """Have the content of a run exported."""
        await self.export_of(key)  # a page with a form: what comes with it must go back with the form
        path = f"/export/{quoted(key)}"
        headers = {CSRF_HEADER: self._studio.cookie(CSRF) or "", "Referer": f"{self._studio.base_url}{path}"}
        await self._page("POST", path, operation="studio_export", headers=headers)

    async def export_of(self, key: CourseKey) -> Told | None:
        """Where the last export of a run by this user is; None where there was none."""
        number, item = await self._status(f"/export_status/{quoted(key)}", "ExportStatus", "studio_export_status")
        if number == 0:
            return None
        if number < 0:
            return Told(ImportState.FAILED, words_of(item.get("ExportError")))
        return Told(ImportState.SUCCEEDED if number == EXPORTED else ImportState.IN_PROGRESS)

    async def download(self, key: CourseKey, into: IO[bytes], *, most: int, patience: float) -> None:
        """Write the archive of the last export, a tar.gz of `most` bytes at most, to a file."""
        path = f"/export_output/{quoted(key)}"
        await self._page("GET", path, operation="studio_export_output", into=into, most=most, patience=patience)

    async def _status(self, path: str, name: str, operation: str) -> tuple[int, Mapping[str, Any]]:
        answer = await self._page("GET", path, operation=operation)
        return read_whole(answer, lambda item: (required(item, name, whole), item))

    async def _page(self, method: str, path: str, **given: Any) -> Answer:
        """What a page answers, signed in: where it sends us elsewhere the session has ended, and a new one is begun."""
        times = self._times
        if times:
            answer = await self._studio.visit(method, path, **given)
            if answer.is_success:
                return answer
        await self._sign_in(times)
        answer = await self._studio.visit(method, path, **given)
        if not answer.is_success:
            raise answer.unexpected("Studio does not know who signed in just now")
        return answer

    async def _sign_in(self, times: int) -> None:
        """Begin a session in the LMS and in Studio, unless somebody just did."""
        async with self._signing_in:
            if self._times != times:
                return
            await self._lms.visit("GET", TOKEN, operation="sign_in")
            form = {"email_or_username": self._username, "password": self._password}
            headers = {CSRF_HEADER: self._lms.cookie(CSRF) or "", "Referer": f"{self._lms.base_url}/login"}
            answer = await self._lms.visit("POST", SIGN_IN, operation="sign_in", form=form, headers=headers)
            if not answer.is_success:
                raise answer.error()
            await self._enter_studio()
            self._times += 1

    async def _enter_studio(self) -> None:
        """Go where Studio sends whoever wants to sign in, to the LMS and back, until there is a page or a session."""
        client, path, query = self._studio, ENTRY, ""
        for _ in range(MOST_REDIRECTS):
            answer = await client.visit("GET", path, operation="sign_in", query=query)
            if answer.is_success or path.startswith(RETURN):
                return
            client, path, query = self._followed(answer, client)
        raise answer.unexpected("one redirect follows the other")

    def _followed(self, answer: Answer, client: OpenEdxHttp) -> tuple[OpenEdxHttp, str, str]:
        """Where a redirect leads, which is the LMS or Studio: cookies go nowhere else."""
        location = answer.headers.get("location", "")
        for each in (client, self._studio, self._lms):
            url = urlsplit(urljoin(f"{client.base_url}{answer.call.path}", location))
            base = urlsplit(each.base_url)
            if (url.scheme, url.netloc) == (base.scheme, base.netloc) and url.path.startswith(f"{base.path}/"):
                return each, url.path.removeprefix(base.path), url.query
        raise answer.error()


def words_of(told: Any) -> str:
    """What Studio says on a failure, whichever way it wraps it."""
    return "; ".join(islice(messages_in(told), MOST_WORDS))

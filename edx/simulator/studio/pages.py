"""Studio's pages for people that programs use, too: signing in through the LMS, exports, and the course of an import.

No recording of these pages is there: they follow the platform's code (`contentstore/views/import_export.py`).
"""

import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from edx.simulator.auth import Site, json_response
from edx.simulator.lms.sessions import STUDIO
from edx.simulator.service import html
from edx.simulator.sessions import begin, forged, is_forged, user_of, with_csrf
from edx.simulator.studio.jobs import FAILED, Jobs
from edx.simulator.world import User

COOKIE, STATE = "studio_session_id", "studio_login_state"
DONE = 3

Page = Callable[[Request, User, str], Response]


def pages(site: Site, jobs: Jobs, lms: str) -> list[Route]:
    """The routes; `lms` is the address that Studio sends people to."""
    made = _Pages(site, jobs, lms)
    course = "{course_id:course_id}"
    return [
        Route("/login/", made.to_sign_in),
        Route("/login/edx-oauth2/", made.to_lms),
        Route("/complete/edx-oauth2/", made.signed_in),
        Route(f"/export/{course}", made.page(made.export), methods=["GET", "POST"]),
        Route(f"/export_status/{course}", made.page(made.export_status)),
        Route(f"/export_output/{course}", made.page(made.export_output)),
        Route("/import_status/{course_id:course_id}/{filename:name}", made.page(made.import_status)),
    ]


class _Pages:
    """What each page does."""

    def __init__(self, site: Site, jobs: Jobs, lms: str) -> None:
        self._world, self._jobs, self._lms = site.world, jobs, lms

    async def to_sign_in(self, request: Request) -> Response:
        return RedirectResponse(f"/login/edx-oauth2/?{request.url.query}", 302)

    async def to_lms(self, request: Request) -> Response:
        """Remember who is to come back, and send them to the LMS."""
        state = secrets.token_hex(8)
        back = f"{str(request.base_url).rstrip('/')}/complete/edx-oauth2/"
        asked = {"client_id": STUDIO, "redirect_uri": back, "state": state, "response_type": "code"}
        response = RedirectResponse(f"{self._lms}/oauth2/authorize?{urlencode(asked)}", 302)
        response.set_cookie(STATE, state)
        return response

    async def signed_in(self, request: Request) -> Response:
        """Take whom the LMS lets in."""
        username = self._world.codes.pop(request.query_params.get("code", ""), None)
        if username is None or request.query_params.get("state") != request.cookies.get(STATE):
            return HTMLResponse(html("Authentication process canceled"), 400)
        return begin(self._world, RedirectResponse("/home/", 302), COOKIE, self._world.users[username])

    def page(self, work: Page) -> Callable[[Request], Awaitable[Response]]:
        """A page about a course: for its team and staff, who are sent to sign in first."""

        async def answer(request: Request) -> Response:
            user, course_id = user_of(self._world, request, COOKIE), str(request.path_params["course_id"])
            if user is None:
                return with_csrf(request, RedirectResponse(f"/login/?next={request.url.path}", 302))
            if request.method == "POST" and is_forged(request):
                return forged()
            run = self._world.runs.get(course_id)
            if run is None:
                return HTMLResponse(html("Page Not Found"), 404)
            if not user.staff and user.username not in {member.username for member in run.team}:
                return HTMLResponse(html("403 Forbidden"), 403)
            return with_csrf(request, work(request, user, course_id))

        return answer

    def export(self, request: Request, user: User, course_id: str) -> Response:
        if request.method == "GET":
            return Response(status_code=406)
        self._jobs.begin_export(user.username, course_id)
        return json_response({"ExportStatus": 1})

    def export_status(self, _: Request, user: User, course_id: str) -> Response:
        task = self._jobs.exports.get((user.username, course_id))
        if task is None:
            return json_response({"ExportStatus": 0})
        told: dict[str, object] = {"ExportStatus": task.number()}
        if told["ExportStatus"] == DONE:
            told["ExportOutput"] = f"/export_output/{course_id}"
        elif task.outcome == FAILED and not task.waits:
            told["ExportError"] = {"raw_error_msg": task.message}
        return json_response(told)

    def export_output(self, _: Request, user: User, course_id: str) -> Response:
        task = self._jobs.exports.get((user.username, course_id))
        if task is None or task.waits or task.outcome == FAILED:
            return HTMLResponse(html("Page Not Found"), 404)
        headers = {"content-disposition": 'attachment; filename="course.tar.gz"'}
        return Response(self._jobs.archives[course_id], media_type="application/x-tgz", headers=headers)

    def import_status(self, request: Request, _: User, course_id: str) -> Response:
        task = self._jobs.files.get((course_id, str(request.path_params["filename"])))
        number = task.number() if task else 0
        return json_response({"ImportStatus": number, "Message": task.message if task and number < 0 else ""})

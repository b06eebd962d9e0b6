"""The view of Studio's imports: a POST hands over an archive and gets a task, a GET asks for the task's state.

Its errors are in the second shape: `developer_message`, and `error_code` where the view itself refuses.
"""

from starlette.responses import Response
from starlette.routing import Route

from edx.simulator.auth import Call, Site, View, json_response
from edx.simulator.service import route
from edx.simulator.studio.jobs import Flaw, Jobs
from edx.simulator.studio.uploads import flaw_in, uploads_of

NO_COURSE = Flaw("Unpacking", "Unknown error while importing course.")


def import_route(site: Site, jobs: Jobs) -> Route:
    """The route `/api/courses/v0/import/{course}/`: JWTs of global staff, or of the course's team."""

    def begin(call: Call) -> Response:
        if not _may(call):
            return _forbidden()
        upload = uploads_of(call.request.headers.get("content-type", ""), call.body).get("course_data")
        if upload is None or not upload.filename.endswith(".tar.gz"):
            return _crashed("")
        course_id = call.path("course_id")
        flaw = flaw_in(upload.content) if course_id in call.world.runs else NO_COURSE
        return json_response({"task_id": jobs.begin_import(course_id, upload.filename, upload.content, flaw)})

    def state(call: Call) -> Response:
        if not _may(call):
            return _forbidden()
        task, filename = call.query("task_id"), call.query("filename")
        if task is None or filename is None:
            return _crashed("'task_id'" if task is None else "'filename'")
        job = jobs.imports.get((task, filename))
        if job is None:
            return _crashed("'NoneType' object has no attribute 'state'")
        return json_response({"state": job.state()})

    view = View(
        {"GET": state, "POST": begin},
        permission=lambda call: call.caller is not None,
        bearer=False,
        developer=True,
        anonymous_message="Incorrect authentication credentials.",
    )
    return route(site, "/api/courses/v0/import/{course_id:course_id}/", view)


def _may(call: Call) -> bool:
    if call.user.staff:
        return True
    run = call.world.runs.get(call.path("course_id"))
    return run is not None and any(member.username == call.user.user.username for member in run.team)


def _forbidden() -> Response:
    message = "The requesting user does not have course author permissions."
    return json_response({"developer_message": message, "error_code": "user_permissions"}, 403)


def _crashed(message: str) -> Response:
    return json_response({"developer_message": message, "error_code": "internal_error"}, 500)

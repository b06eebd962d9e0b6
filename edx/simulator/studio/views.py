"""The views of Studio's course runs: who may call them, and what they make of a request."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.responses import Response
from starlette.routing import Route

from edx.simulator.auth import Call, Crashed, Handler, Refused, Site, View, json_response, not_found, staff
from edx.simulator.paging import page
from edx.simulator.service import route
from edx.simulator.studio.fields import Invalid
from edx.simulator.studio.runs import Runs
from edx.simulator.studio.uploads import uploads_of
from edx.simulator.world import CourseRun

ROOT = "/api/v1/course_runs/"
IMAGE_TYPES = ("image/jpeg", "image/png")
CREATED = 201


def course_run_routes(site: Site, runs: Runs) -> Iterable[Route]:
    """The routes under `/api/v1/course_runs/`: JWTs of global staff only."""
    views = _Views(runs)
    many = {"GET": views.list, "POST": views.create}
    one = {"GET": views.read, "PUT": views.replace, "PATCH": views.change}
    images = {"POST": views.set_image, "PUT": views.set_image}
    yield route(site, ROOT, _view(many))
    yield route(site, f"{ROOT}clone/", _view({"POST": views.clone}))
    yield route(site, f"{ROOT}{{course_id:course_id}}/rerun/", _view({"POST": views.rerun}))
    yield route(site, f"{ROOT}{{course_id:course_id}}/images/", _view(images))
    yield route(site, f"{ROOT}{{course_id:course_id}}/", _view(one))


def _view(handlers: Mapping[str, Handler]) -> View:
    return View({method: _checked(handler) for method, handler in handlers.items()}, permission=staff, bearer=False)


def _checked(handler: Handler) -> Handler:
    """Answer an invalid body with 400, and what Studio does not expect with its 500."""

    def checked(call: Call) -> Response:
        try:
            return handler(call)
        except Invalid as invalid:
            raise Refused(400, invalid.errors) from None
        except (LookupError, TypeError, ValueError) as error:
            raise Crashed(repr(error)) from error

    return checked


class _Views:
    """What each view does once the caller may."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    def list(self, call: Call) -> Response:
        """All runs in the order in which they were made."""
        envelope, runs = page(call, list(call.world.runs.values()))
        return json_response({**envelope, "results": [self._runs.shown(run, call.base) for run in runs]})

    def create(self, call: Call) -> Response:
        """201 with the run and the parts of its key."""
        run = self._runs.create(_body(call))
        parts = {"org": run.key.org, "number": run.key.course, "run": run.key.run}
        return json_response({**self._runs.shown(run, call.base), **parts}, CREATED)

    def read(self, call: Call) -> Response:
        """One run."""
        return self._shown(call, self._run(call))

    def replace(self, call: Call) -> Response:
        """PUT."""
        return self._shown(call, self._runs.update(self._run(call), _body(call), partial=False))

    def change(self, call: Call) -> Response:
        """PATCH."""
        return self._shown(call, self._runs.update(self._run(call), _body(call), partial=True))

    def rerun(self, call: Call) -> Response:
        """201 with the new run."""
        return self._shown(call, self._runs.rerun(self._run(call), _body(call)), CREATED)

    def clone(self, call: Call) -> Response:
        """201 with a message, but without the run."""
        self._runs.clone(_body(call), call.user.user)
        return json_response({"message": "Course cloned successfully."}, CREATED)

    def set_image(self, call: Call) -> Response:
        """The card image of a run, a JPEG or a PNG."""
        run = self._run(call)
        image = uploads_of(call.request.headers.get("content-type", ""), call.body).get("card_image")
        if image is None:
            raise Invalid({"card_image": ["No file was submitted."]})
        if image.content_type not in IMAGE_TYPES:
            reason = f"Only JPEG and PNG image types are supported. {image.content_type} is not valid"
            raise Invalid({"card_image": [reason]})
        self._runs.set_image(run, image.filename)
        return json_response({"card_image": self._runs.shown(run, call.base)["images"]["card_image"]})

    def _run(self, call: Call) -> CourseRun:
        run = self._runs.found(call.path("course_id"))
        if run is None:
            raise not_found()
        return run

    def _shown(self, call: Call, run: CourseRun, status: int = 200) -> Response:
        return json_response(self._runs.shown(run, call.base), status)


def _body(call: Call) -> Any:
    """JSON or a form."""
    if call.request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(call.body.decode(), keep_blank_values=True))
    return call.json()

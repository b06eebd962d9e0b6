"""What Studio does with course runs: show, create, change, rerun and clone them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from edx.simulator.studio.fields import Field, Invalid, images, pacing, read_body, schedule, team, text
from edx.simulator.studio.jobs import Jobs
from edx.simulator.world import CourseRun, Key, Member, User, World

FIRST_IMAGE = "images_course_image.jpg"


class Runs:
    """The course runs of a world, as Studio's API sees them.

    Invalid carries the body of a 400. Any other exception is one that Studio does not expect either (its 500).
    """

    def __init__(self, world: World, jobs: Jobs) -> None:
        self._world = world
        self._jobs = jobs

    def create(self, body: Any) -> CourseRun:
        """A new run. ValueError (Studio: 500) if its key is ill-formed or taken in any case."""
        names = {name: Field(text, required=True) for name in ("org", "number", "run")}
        values = read_body({**self._fields(partial=False, title_required=True), **names}, body)
        key = _key(values["org"], values["number"], values["run"])
        self._must_be_new(key)
        run = CourseRun(key=key, title=values["title"])
        self._set(run, values)
        return self._world.add_run(run)

    def update(self, run: CourseRun, body: Any, *, partial: bool) -> CourseRun:
        """Change a run. A PUT (not partial) sets the team to what it names, nobody if it names none; a PATCH adds."""
        values = read_body(self._fields(partial=partial, title_required=True), body, partial=partial)
        if not partial:
            run.team.clear()
        self._set(run, values)
        return run

    def rerun(self, source: CourseRun, body: Any) -> CourseRun:
        """A run of the same course, or of the number given; the enrollment dates are thrown away, given or not."""

        def new_run(value: Any) -> str:
            key = source.key._replace(course=_number_in(body) or source.key.course, run=text(value))
            if self._world.run_of_any_case(str(key)):
                raise Invalid([f"Course run {key} already exists"])
            return key.run

        fields = self._fields(partial=False, title_required=False)
        values = read_body({**fields, "number": Field(text), "run": Field(new_run, required=True)}, body)
        key = Key.parse(str(source.key._replace(course=values.get("number", source.key.course), run=values["run"])))
        if key is None:
            message = "Invalid key supplied. Ensure there are no special characters in the Course Number."
            raise Invalid({"non_field_errors": [message]})
        run = self._copy(source, key)
        self._set(run, values)
        run.enrollment_start = run.enrollment_end = None
        return run

    def clone(self, body: Any, caller: User) -> None:
        """Copy a run to another key; the caller becomes its instructor and staff. ValueError if a key is ill-formed."""
        names = ("source_course_id", "destination_course_id")
        values = read_body({name: Field(text, required=True) for name in names}, body)
        source_key, key = (_parsed(values[name]) for name in names)
        self._jobs.clones[str(key)] += 1
        source = self._world.runs.get(str(source_key))
        if source is None:
            raise Invalid({"non_field_errors": ["Source course does not exist."]})
        if self._world.run_of_any_case(str(key)):
            raise Invalid({"non_field_errors": ["Destination course already exists."]})
        run = self._copy(source, key)
        run.team = [Member(caller.username, "instructor"), Member(caller.username, "staff")]
        self._jobs.copied(run.id)

    def found(self, course_id: str) -> CourseRun | None:
        """A run by its key; None if there is none, or if it is hidden as what was cloned just now may be."""
        run = self._world.runs.get(course_id)
        return None if run is None or self._jobs.hides(course_id) else run

    def set_image(self, run: CourseRun, filename: str) -> None:
        """Set the card image of a run."""
        self._jobs.images[run.id] = filename

    def shown(self, run: CourseRun, base: str) -> dict[str, Any]:
        """A run as JSON; `base` is the address of Studio, which the image is at."""
        asset = str(run.key).replace("course-v1:", "asset-v1:", 1)
        image = self._jobs.images.get(run.id, FIRST_IMAGE)
        return {
            "schedule": {
                "start": _shown(run.start),
                "end": _shown(run.end),
                "enrollment_start": _shown(run.enrollment_start),
                "enrollment_end": _shown(run.enrollment_end),
            },
            "pacing_type": "self_paced" if run.self_paced else "instructor_paced",
            "team": [{"user": member.username, "role": member.role} for member in run.team],
            "id": run.id,
            "title": run.title,
            "images": {"card_image": f"{base}/{asset}+type@asset+block@{image}"},
        }

    def _fields(self, *, partial: bool, title_required: bool) -> dict[str, Field]:
        return {
            "schedule": Field(lambda value: schedule(value, partial=partial)),
            "pacing_type": Field(pacing),
            "team": Field(lambda value: team(value, self._world.users.__contains__)),
            "title": Field(text, required=title_required),
            "images": Field(images),
        }

    def _set(self, run: CourseRun, values: Mapping[str, Any]) -> None:
        run.title = values.get("title", run.title)
        run.self_paced = values.get("pacing_type", run.self_paced)
        for name, value in values.get("schedule", {}).items():
            setattr(run, name, value)
        for username, role in values.get("team", ()):
            member = Member(username, role)
            if member not in run.team:
                run.team.append(member)

    def _copy(self, source: CourseRun, key: Key) -> CourseRun:
        run = replace(source, key=key, modes={}, team=[], enrollment_start=None, enrollment_end=None)
        run.display_org = run.display_number = None
        if source.id in self._jobs.images:
            self._jobs.images[run.id] = self._jobs.images[source.id]
        return self._world.add_run(run)

    def _must_be_new(self, key: Key) -> None:
        if self._world.run_of_any_case(str(key)):
            raise ValueError(f"{key} duplicates another")


def _key(org: str, course: str, run: str) -> Key:
    return _parsed(f"course-v1:{org}+{course}+{run}")


def _parsed(text: str) -> Key:
    key = Key.parse(text)
    if key is None:
        raise ValueError(f"{text} is no course key")
    return key


def _number_in(body: Any) -> str | None:
    number = body.get("number")
    return str(number) if number else None


def _shown(instant: datetime | None) -> str | None:
    return instant.isoformat().replace("+00:00", "Z") if instant else None

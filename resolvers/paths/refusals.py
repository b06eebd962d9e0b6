"""The answers to courseware paths that lead nowhere: as little is told as whoever asks may know."""

from resolvers.paths.answers import Code, Denied, Flag, Problem, Resolution
from resolvers.paths.reading import MalformedPath, Path

DASHBOARD = "/redirect/dashboard"


def malformed(text: str, error: MalformedPath) -> Resolution:
    """The answer to a text that is no courseware path."""
    return Resolution(text, problem=Problem(Code.MALFORMED, f"this is no courseware path: {error}"))


def not_found(text: str, path: Path) -> Resolution:
    """The answer to a path into a course that there is not."""
    return elsewhere(text, path, Code.NOT_FOUND, f"there is no course {path.course}")


def elsewhere(text: str, path: Path, code: Code, message: str) -> Resolution:
    """The answer to a path into content that is not here: only the learning front end can tell."""
    return Resolution(text, problem=Problem(code, message, str(path)))


def denied(text: str, path: Path, reason: Denied) -> Resolution:
    """The answer to who has no access to a course: nothing about what the path leads to."""
    goal = access_page(path, reason)
    return Resolution(
        text,
        flags=frozenset({Flag.NO_ACCESS}),
        problem=Problem(Code.NO_ACCESS, f"there is no access to {path.course}: {reason.value}", goal),
        denied=reason,
    )


def access_page(path: Path, reason: Denied) -> str:
    """The page of the learning front end that says why there is no access, or helps to get it."""
    bare = Path(path.course)
    match reason:
        case Denied.SURVEY_REQUIRED:
            return str(bare).replace("/course", "/redirect/survey", 1)
        case Denied.DATA_SHARING_ACCESS_REQUIRED:
            return "/redirect/consent"
        case Denied.UNFULFILLED_MILESTONES | Denied.AUDIT_EXPIRED | Denied.COURSE_NOT_STARTED:
            return DASHBOARD
        case Denied.INCORRECT_ACTIVE_ENTERPRISE:
            return str(bare.to("access-denied"))
        case _:
            return str(bare.to("home"))


def by_rule(path: Path) -> Path:
    """Where a path leads by what its keys say alone: form 3 without its section. For who may not know more."""
    if not path.is_page and len(path.segments) > 1 and "+type@chapter+" in path.segments[0]:
        return path.to(*path.segments[1:])
    return path

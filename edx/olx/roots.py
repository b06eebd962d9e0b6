"""Where in an archive the course or the library is."""

from collections.abc import Iterable
from dataclasses import dataclass

from edx.olx.kinds import ROOTS
from edx.olx.problems import Code, Findings

KINDS = {name: kind for kind, name in ROOTS.items()}
OTHERS = {
    "moodle_backup.xml": "this is a backup of a Moodle course, not OLX",
    "imsmanifest.xml": "this is a Common Cartridge or a SCORM package, not OLX",
    "tincan.xml": "this is an xAPI package, not OLX",
}


@dataclass(frozen=True, slots=True)
class Root:
    """A folder with a course or a library in it, with a final `/`, or nothing for the top of the archive."""

    folder: str
    kind: str

    @property
    def path(self) -> str:
        """The file that makes it one."""
        return self.folder + ROOTS[self.kind]


def find_root(paths: Iterable[str], folder: str | None, findings: Findings) -> Root | None:
    """The shallowest course or library, or the one in a given folder; None, and noted, if there is not exactly one.

    The shallowest, because the file of a run that is called `course` is `course/course.xml`.
    """
    names = [path.rpartition("/") for path in paths]
    roots = [Root(place + slash, KINDS[name]) for place, slash, name in names if name in KINDS]
    if folder is not None:
        wanted = f"{folder.strip('/')}/".lstrip("/")
        roots = [root for root in roots if root.folder == wanted]
    depth = min((root.folder.count("/") for root in roots), default=None)
    for place, slash, name in names:
        if name in OTHERS and (depth is None or (place + slash).count("/") < depth):
            findings.error(Code.NOT_OLX, OTHERS[name], place + slash + name)
            return None
    match [root for root in roots if root.folder.count("/") == depth]:
        case [root]:
            return root
        case []:
            hint = "a course has course.xml in its top folder, a library library.xml"
            findings.error(Code.NO_ROOT, "Could not find the course.xml file in the package.", folder or "", hint=hint)
        case several:
            shown = ", ".join(root.path for root in several[:5])
            message = f"there are {len(several)} courses or libraries: {shown}"
            findings.error(Code.SEVERAL_ROOTS, message, "", hint="name the folder of the one that is meant")
    return None

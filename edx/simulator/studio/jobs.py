"""What Studio alone knows: the imports and exports it runs, the clones asked for and made, and the images of runs."""

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

STAGES = ("Unpacking", "Verifying", "Updating")
"""The stages of an import, as its task calls them."""

EXPORTING = ("Exporting", "Compressing")
SUCCEEDED, FAILED = "Succeeded", "Failed"


@dataclass
class Task:
    """One import or export: `waits` are the states that questions get, each once, before it ends with `outcome`.

    `stages` are those that a task goes through. One that failed did so in the stage number `step`, counted from 1, and
    has `message` to say.
    """

    outcome: str
    waits: list[str] = field(default_factory=list)
    stages: Sequence[str] = STAGES
    step: int = 1
    message: str = ""

    def state(self) -> str:
        """The state, as one more question gets it."""
        return self.waits.pop(0) if self.waits else self.outcome

    def number(self) -> int:
        """The same as pages for people have it: a stage, one more than there are for the end, or a failure below 0."""
        state = self.state()
        if state == SUCCEEDED:
            return len(self.stages) + 1
        if state in {FAILED, "Canceled"}:
            return -self.step
        return self.stages.index(state) + 1 if state in self.stages else 1


@dataclass(frozen=True)
class Flaw:
    """What is wrong with an import: the stage that finds it, and Studio's words."""

    stage: str
    message: str


def as_it_is(archive: bytes) -> bytes:
    """The archive that came."""
    return archive


@dataclass
class Jobs:
    """The imports by task and filename, the clones asked for by the key of their destination, images by course id.

    `polls` is how often the state of a new import is `In Progress` before it is known, after which it has each of
    `states` once, as exports have `export_states`; `fails` is what new imports fail with whatever they hold. `unseen`
    is how often a run that was cloned is answered with 404 before it is found. `copies` counts the clones that made a
    run. `archives` are what was imported last, and what is exported, by course id, as Studio `rewrites` what came;
    `imported` counts the imports.
    """

    polls: int = 0
    states: Sequence[str] = ()
    export_states: Sequence[str] = ()
    fails: Flaw | None = None
    rewrites: Callable[[bytes], bytes] = as_it_is
    unseen: int = 0
    imports: dict[tuple[str, str], Task] = field(default_factory=dict)
    files: dict[tuple[str, str], Task] = field(default_factory=dict)
    exports: dict[tuple[str, str], Task] = field(default_factory=dict)
    archives: dict[str, bytes] = field(default_factory=dict)
    imported: Counter[str] = field(default_factory=Counter)
    clones: Counter[str] = field(default_factory=Counter)
    copies: Counter[str] = field(default_factory=Counter)
    images: dict[str, str] = field(default_factory=dict)
    hidden: Counter[str] = field(default_factory=Counter)

    def copied(self, key: str) -> None:
        """Count a clone that was made, and hide it for as often as new ones are."""
        self.copies[key] += 1
        self.hidden[key] = self.unseen

    def hides(self, key: str) -> bool:
        """Whether one more look for a run finds nothing, though it is there."""
        if not self.hidden[key]:
            return False
        self.hidden[key] -= 1
        return True

    def begin_import(self, course_id: str, filename: str, archive: bytes, flaw: Flaw | None) -> str:
        """Begin an import; its task is a UUID, the same for the same order of imports."""
        flaw = self.fails or flaw
        task = str(uuid.uuid5(uuid.NAMESPACE_OID, f"import {len(self.imports)}"))
        begun = Task(FAILED if flaw else SUCCEEDED, ["In Progress"] * self.polls + list(self.states))
        if flaw is not None:
            begun.step, begun.message = STAGES.index(flaw.stage) + 1, flaw.message
        else:
            self.archives[course_id] = self.rewrites(archive)
        self.imports[task, filename] = self.files[course_id, filename] = begun
        self.imported[course_id] += 1
        return task

    def expect(self, states: Sequence[str] = (), stage: str | None = None, message: str = "") -> None:
        """Have imports go through these states and, given a stage, fail in it. Raises ValueError for no stage."""
        if stage is not None and stage not in STAGES:
            raise ValueError(f"stage: one of {', '.join(STAGES)}")
        self.states, self.fails = tuple(states), None if stage is None else Flaw(stage, message)

    def begin_export(self, username: str, course_id: str) -> None:
        """Begin an export for a user, of what was imported last; without anything it fails."""
        waits = list(self.export_states)
        if course_id in self.archives:
            self.exports[username, course_id] = Task(SUCCEEDED, waits, EXPORTING)
        else:
            self.exports[username, course_id] = Task(FAILED, waits, EXPORTING, message="The course has no content.")

    def clear(self) -> None:
        """Forget all."""
        for kept in (self.imports, self.files, self.exports, self.archives, self.images):
            kept.clear()
        for counted in (self.imported, self.clones, self.copies, self.hidden):
            counted.clear()
        self.polls, self.states, self.export_states, self.fails, self.rewrites = 0, (), (), None, as_it_is

"""What Studio alone knows: the imports it runs, the clones asked for and made, and the images of runs."""

import uuid
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Import:
    """One import: its state at the end (`Succeeded` or `Failed`), after `polls` questions answered `In Progress`."""

    outcome: str
    polls: int = 0

    def state(self) -> str:
        """The state, as one more question gets it."""
        if self.polls == 0:
            return self.outcome
        self.polls -= 1
        return "In Progress"


@dataclass
class Jobs:
    """The imports by task and filename, the clones asked for by the key of their destination, images by course id.

    `polls` is how often the state of a new import is `In Progress` before it is known; `unseen` is how often a run
    that was cloned is answered with 404 before it is found. `copies` counts the clones that made a run.
    """

    polls: int = 0
    unseen: int = 0
    imports: dict[tuple[str, str], Import] = field(default_factory=dict)
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

    def begin_import(self, filename: str, *, succeeds: bool) -> str:
        """Begin an import; its task is a UUID, the same for the same order of imports."""
        task = str(uuid.uuid5(uuid.NAMESPACE_OID, f"import {len(self.imports)}"))
        self.imports[task, filename] = Import("Succeeded" if succeeds else "Failed", self.polls)
        return task

    def clear(self) -> None:
        """Forget all."""
        self.imports.clear()
        self.clones.clear()
        self.copies.clear()
        self.hidden.clear()
        self.images.clear()

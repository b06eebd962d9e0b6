"""What Studio alone knows: the imports it runs, how often each clone was asked for, and the images of runs."""

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

    `polls` is how often the state of a new import is `In Progress` before it is known.
    """

    polls: int = 0
    imports: dict[tuple[str, str], Import] = field(default_factory=dict)
    clones: Counter[str] = field(default_factory=Counter)
    images: dict[str, str] = field(default_factory=dict)

    def begin_import(self, filename: str, *, succeeds: bool) -> str:
        """Begin an import; its task is a UUID, the same for the same order of imports."""
        task = str(uuid.uuid5(uuid.NAMESPACE_OID, f"import {len(self.imports)}"))
        self.imports[task, filename] = Import("Succeeded" if succeeds else "Failed", self.polls)
        return task

    def clear(self) -> None:
        """Forget all."""
        self.imports.clear()
        self.clones.clear()
        self.images.clear()

"""A setting of a block wherever it is set: in the tag that points to the block, in its own OLX, in the policy.

The policy wins over the tag, and the tag over the OLX. Updates take all three or none, so that what holds is what was
chosen.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from edx.olx import Block, Course, Document, Key
from edx.olx.documents import MINE, is_same
from edx.olx.kinds import WITH_POLICY
from edx.olx.markup import Attributes
from resolvers.editing.work import document


class Nothing:
    """What a policy says that says nothing, since null is something."""


NOTHING = Nothing()


class Layers(NamedTuple):
    """The values of one setting in the tag, in the OLX and in the policy."""

    tag: str | None = None
    own: str | None = None
    policy: Any = NOTHING


UNSET = Layers()


@dataclass(frozen=True, slots=True)
class Held:
    """A block with what the policy says of it."""

    block: Block
    policy: Mapping[str, Any]

    @classmethod
    def of(cls, course: Course, block: Block) -> "Held":
        """A block of a course."""
        return cls(block, course.policy_of(block.key))

    @property
    def names(self) -> Iterator[str]:
        """The names of all settings; those that are about its files are none."""
        found = dict.fromkeys(name for name, _ in (*self.block.settings, *(self.block.pointer or ())))
        found.update(dict.fromkeys(self.policy))
        return (name for name in found if name not in MINE)

    def layers(self, name: str) -> Layers:
        """Where a setting is set, and to what."""
        tag = dict(self.block.pointer or ()).get(name)
        return Layers(tag, dict(self.block.settings).get(name), self.policy.get(name, NOTHING))

    def value(self, layers: Layers) -> Any:
        """What holds of the values of a setting; `NOTHING` where it is not set."""
        if self.block.type in WITH_POLICY and layers.policy is not NOTHING:
            return layers.policy
        found = layers.own if layers.tag is None else layers.tag
        return NOTHING if found is None else found


def is_equal(one: Any, other: Any) -> bool:
    """Whether two values of a setting mean the same: one may be a text of OLX and the other of a policy."""
    if one is NOTHING or other is NOTHING:
        return one is other
    if isinstance(one, str):
        return is_same(one, other)
    return is_same(other, one) if isinstance(other, str) else bool(one == other)


def with_layers(held: Held, wanted: Mapping[str, Layers]) -> Held:
    """A block with other values of some settings, the same one if it has them. Others stay, and in their order."""
    changed = {name: layers for name, layers in wanted.items() if held.layers(name) != layers}
    if not changed:
        return held
    block = held.block
    pointer = block.pointer
    if pointer is None:  # what a tag said is said where the block is defined now
        own = {name: layers.own if layers.tag is None else layers.tag for name, layers in changed.items()}
    else:
        own = {name: layers.own for name, layers in changed.items()}
        pointer = with_values(pointer, {name: layers.tag for name, layers in changed.items()})
    policy = dict(held.policy)
    for name, layers in changed.items():
        if layers.policy is NOTHING:
            policy.pop(name, None)
        else:
            policy[name] = layers.policy
    return Held(replace(block, settings=with_values(block.settings, own), pointer=pointer), policy)


def with_values(attributes: Attributes, values: Mapping[str, str | None]) -> Attributes:
    """Attributes with other values, None for those that are to go; new ones come last."""
    kept = [(name, values.get(name, value)) for name, value in attributes]
    names = {name for name, _ in attributes}
    kept += [(name, value) for name, value in values.items() if name not in names]
    return tuple((name, value) for name, value in kept if value is not None)


def policy_saying(value: Mapping[str, Any], path: str, known: Iterable[Document | None]) -> Document | None:
    """The policy that says this: one of those that are known, with its bytes, or one that is written anew."""
    documents = [each for each in known if each is not None]
    for each in documents:
        if each.value == value:
            return each if each.path == path else replace(each, path=path)
    return document(None, path, dict(value)) if value or documents else None


def policy_path(course: Course) -> str:
    """Where the policy of a course is, or belongs."""
    return course.policy.path if course.policy else f"policies/{course.run}/policy.json"


def renamed(policy: Document | None, old: Key, new: Key) -> dict[str, Any]:
    """What a policy says, with the name that the course has in another run."""
    value = dict(policy.value) if policy else {}
    if old == new or str(old) not in value:
        return value
    return {str(new) if name == str(old) else name: settings for name, settings in value.items()}

"""Where blocks stand after a merge: added, deleted, moved, and in which order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edx.olx import Key
from resolvers.merging.blocks import is_changed
from resolvers.merging.conflicts import Aspect, Choice, Conflict, Judge, Texts, pick
from resolvers.merging.sides import NOWHERE, Side

Places = dict[Key, frozenset[Key]]


@dataclass(frozen=True)
class Three:
    """The sides of a merge, and who decides conflicts."""

    base: Side
    ours: Side
    theirs: Side
    root: Key
    judge: Judge

    def trail(self, key: Key) -> tuple[str, ...]:
        """The display names down to a block, in the run if it is there."""
        return (self.ours if key in self.ours else self.theirs).trail(key)

    def side(self, choice: Choice) -> Side:
        """The side that was chosen."""
        return self.ours if choice is Choice.OURS else self.theirs

    def decide(self, aspect: Aspect, key: Key, name: str, values: Texts, blocks: Iterable[Key] = ()) -> Choice:
        """Whose value of something about a block is taken."""
        named = self.named(key)
        conflict = Conflict(aspect, named, name, values, self.trail(key), tuple(sorted(blocks)))
        return self.judge.decide(conflict)

    def named(self, key: Key) -> Key:
        """A block as people know it."""
        course = self.ours.course or self.theirs.course
        return course.root.key if course is not None and key == self.root else key


def placed(three: Three) -> dict[Key, tuple[Key, ...]]:
    """The children of every block of the result, in order; blocks that nothing leads to are not in it."""
    places = _parents(three)
    _with_deletions(three, places)
    _reconnect(three, places)
    members: dict[Key, set[Key]] = {}
    for key, above in places.items():
        for parent in above:
            members.setdefault(parent, set()).add(key)
    found: dict[Key, tuple[Key, ...]] = {}

    def descend(key: Key, above: frozenset[Key]) -> None:
        if key in found:
            return
        children = _ordered(three, key, members.get(key, set()))
        for child in above & set(children):  # one has put this block below that one, the other that one below this
            _where(three, child)
        found[key] = tuple(child for child in children if child not in above)
        for child in found[key]:
            descend(child, above | {child})

    descend(three.root, frozenset({three.root}))
    return found


def _parents(three: Three) -> Places:
    """The blocks that each block is to stand in, as far as that can be said of it alone."""
    base, ours, theirs = three.base, three.ours, three.theirs
    found: Places = {}
    for key in dict.fromkeys((*ours.blocks, *theirs.blocks)):
        if key == three.root:
            continue
        above = [side.places(key) for side in (base, ours, theirs)]
        choice = pick(*above) or _where(three, key)
        found[key] = three.side(choice).places(key)
    return found


def _where(three: Three, key: Key) -> Choice:
    base, ours, theirs = (_names(three, side.places(key)) for side in (three.base, three.ours, three.theirs))
    return three.decide(Aspect.PLACE, key, "", (base, ours, theirs))


def _names(three: Three, keys: Iterable[Key]) -> str | None:
    return ", ".join(sorted(str(three.named(key)) for key in keys)) or None


def _with_deletions(three: Three, places: Places) -> None:
    """Ask about blocks that one side deleted while the other changed something in them."""
    for by, other, choice in (
        (three.ours, three.theirs, Choice.THEIRS),
        (three.theirs, three.ours, Choice.OURS),
    ):
        gone = {key for key, above in places.items() if not above and key in other and key in three.base}
        for top, changed in sorted(_tops(three, other, gone).items()):
            told = ", ".join(map(str, sorted(changed)))
            values = (str(top), None, told) if by is three.ours else (str(top), told, None)
            if three.decide(Aspect.DELETION, top, "", values, changed) is choice:
                for key in other.below(top) & gone:
                    places[key] = other.places(key)


def _tops(three: Three, side: Side, gone: set[Key]) -> dict[Key, set[Key]]:
    """The topmost deleted blocks with something below them, or in them, that the other side has changed."""
    found: dict[Key, set[Key]] = {}
    for key in gone:
        came = set(side.children[key]) - set(three.base.children.get(key, ()))
        if not (came or is_changed(three.base.blocks[key], side.blocks[key])):
            continue
        left, seen = [key], {key}
        while left:
            each = left.pop()
            above = [parent for parent in side.places(each) if parent in gone]
            if not above:
                found.setdefault(each, set()).update({key} | came)
            left.extend(parent for parent in above if parent not in seen)
            seen.update(above)
    return found


def _reconnect(three: Three, places: Places) -> None:
    """Find another place for blocks that neither side deleted, but that stand in what is not there any more.

    Those that were put into something about which was asked already stay where they were if that is not there.
    """
    named = [conflict.block for conflict in three.judge.conflicts.values() if conflict.block is not None]
    asked = {key for side in (three.ours, three.theirs) for block in named for key in side.below(block)}
    both = [key for key in places if key in three.ours and key in three.theirs]
    _put_back(three, places, [key for key in both if key in asked])
    lost = _lost(three.root, places)
    for key in sorted(key for key in both if key in lost and key not in asked):
        if three.ours.places(key) != three.theirs.places(key):
            places[key] = three.side(_where(three, key)).places(key)
    _put_back(three, places, both)


def _put_back(three: Three, places: Places, keys: Sequence[Key]) -> None:
    """Give blocks that the course does not lead to the place that the other side has for them."""
    for _ in range(len(keys)):
        lost = _lost(three.root, places)
        again = {key: other for key in keys if key in lost and (other := _elsewhere(three, key, places, lost))}
        if not again:
            break
        places.update(again)


def _elsewhere(three: Three, key: Key, places: Places, lost: set[Key]) -> frozenset[Key] | None:
    """A place of a block that the course leads to."""
    for side in (three.ours, three.theirs):
        above = side.places(key)
        if above != places[key] and any(
            parent == three.root or (places.get(parent) and parent not in lost) for parent in above
        ):
            return above
    return None


def _lost(root: Key, places: Mapping[Key, frozenset[Key]]) -> set[Key]:
    """The blocks that are to stand somewhere but that the course does not lead to."""
    below: dict[Key, list[Key]] = {}
    for key, above in places.items():
        for parent in above:
            below.setdefault(parent, []).append(key)
    reached, left = {root}, [root]
    while left:
        for key in below.get(left.pop(), ()):
            if key not in reached:
                reached.add(key)
                left.append(key)
    return {key for key, above in places.items() if above != NOWHERE} - reached


def _ordered(three: Three, parent: Key, members: set[Key]) -> list[Key]:
    """The children of a block: one side's order, with what only the other side has where it stands there."""
    lists = [side.children.get(parent, ()) for side in (three.base, three.ours, three.theirs)]
    choice = _order(three, parent, *lists)
    first, second = (lists[1], lists[2]) if choice is Choice.OURS else (lists[2], lists[1])
    found = [key for key in first if key in members]
    mine, known = set(lists[1]), set(found)
    for number, key in enumerate(second):
        if key not in members or key in known:
            continue
        before = next((each for each in reversed(second[:number]) if each in known), None)
        place = 0 if before is None else len(found) - found[::-1].index(before)
        if choice is Choice.OURS:  # what the run has added comes first
            while place < len(found) and found[place] in mine and found[place] not in second:
                place += 1
        found.insert(place, key)
        known.add(key)
    return found


def _order(three: Three, parent: Key, base: tuple[Key, ...], ours: tuple[Key, ...], theirs: tuple[Key, ...]) -> Choice:
    """Whose order holds for the children that both have."""
    if not (ours and theirs):
        return Choice.OURS if ours else Choice.THEIRS
    common = set(ours) & set(theirs)
    orders = [tuple(key for key in each if key in common) for each in (base, ours, theirs)]
    choice = pick(*orders)
    if choice is not None:
        return choice
    before, mine, yours = (", ".join(map(str, each)) for each in (base, ours, theirs))
    return three.decide(Aspect.ORDER, parent, "", (before or None, mine, yours))

"""Settings of blocks and of the course: in the XML, or in the policy where that has the word (U11)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from edx.olx import Key
from edx.olx.documents import is_same
from edx.olx.kinds import COURSE, WITH_POLICY
from resolvers.content.settings import plain
from resolvers.editing.changes import SetBlockSettings, SetCourseSettings
from resolvers.editing.problems import EditCode, EditRefused
from resolvers.editing.values import POLICY_ONLY, fault_of_name, fault_of_value, text_of
from resolvers.editing.work import Work


def set_settings(work: Work, change: SetBlockSettings | SetCourseSettings) -> Key:
    """Other values for some settings; None takes one out, wherever it is set."""
    key = work.tree.root if isinstance(change, SetCourseSettings) else work.find(change.block)
    problems = []
    for name, value in change.settings.items():
        if fault := fault_of_name(name) or fault_of_value(name, value):
            problems.append(work.problem(EditCode.INVALID_SETTING, f"{name}: {fault}", key, setting=name))
    if problems:
        raise EditRefused(problems)
    work.note_shared(key)
    _in_policy(work, key, change.settings)
    _in_xml(work, key, change.settings)
    return key


def _in_policy(work: Work, key: Key, settings: Mapping[str, Any]) -> None:
    """Values that the policy has already, or that only it can have."""
    policy = dict(work.policy_of(key))
    for name, value in settings.items():
        if value is None:
            policy.pop(name, None)
        elif (name in policy and key.type in WITH_POLICY) or (key.type == COURSE and name in POLICY_ONLY):
            policy[name] = value if isinstance(policy.get(name), str) else plain(value)
    work.set_policy(key, policy)


def _in_xml(work: Work, key: Key, settings: Mapping[str, Any]) -> None:
    block = work.tree[key]
    attributes = dict(block.settings)
    is_held = key.type in WITH_POLICY
    for name, value in settings.items():
        old = block.get(name)
        if value is None:
            attributes.pop(name, None)
        elif old is not None or not (is_held and name in work.policy_of(key)):
            attributes[name] = old if old is not None and is_same(old, value) else text_of(key.type, value)
    pointer = block.pointer and tuple(pair for pair in block.pointer if pair[0] not in settings)
    changed = replace(block, settings=tuple(attributes.items()), pointer=pointer)
    if changed != block:
        work.put(changed)
        if pointer != block.pointer:
            work.tree.point(key, pointer)

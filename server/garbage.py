"""How often Python looks for garbage: seldom, since most of what a server has made stays as long as it."""

import gc


def look_seldom() -> None:
    """Keep the collector from running for every few hundred rows, or for what is loaded when a process begins."""
    gc.set_threshold(100_000, 50, 100)


def settle_garbage_collection() -> None:
    """The same, and keep it off what is there by now, which lives as long as the process."""
    gc.collect()
    gc.freeze()
    look_seldom()

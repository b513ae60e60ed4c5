"""The kinds of attack that have no fault, and must not get one."""

CLEAN: frozenset[str] = frozenset()

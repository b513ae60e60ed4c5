"""The kinds of attack that have no fault, and must not get one."""

CLEAN = frozenset(
    {
        "at once",
        "config",
        "forged registry",
        "formulas and escapes",
        "injection",
        "kills",
        "model files",
        "secrets",
        "stored files",
        "streams",
    }
)

"""The `clv` command, also as `python -m clv`; what takes time is imported inside."""

from __future__ import annotations

from clv.cli.interrupts import ending_at_once, open_streams, stop_on_sigterm


def main() -> None:
    """Run the command and exit with its code; a refusal is one message on stderr."""
    open_streams()
    stop_on_sigterm()
    with ending_at_once():
        from clv.cli.main import main as run
    run()


if __name__ == "__main__":
    main()

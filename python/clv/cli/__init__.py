"""The `clv` command: options, messages and exit codes."""

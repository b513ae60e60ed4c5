"""`python -m clv` is the `clv` command."""

from clv.cli.main import main

if __name__ == "__main__":
    main()

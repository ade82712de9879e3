"""Lets `python -m nnparity` be the command, for interpreters whose scripts are not on PATH."""

from nnparity.cli import main

if __name__ == "__main__":
    main()

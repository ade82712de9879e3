"""Gives the suite its options and fixtures."""

pytest_plugins = ("nnparity.plugin",)

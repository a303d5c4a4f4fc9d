"""Conformance tests for any Model Context Protocol server, as a pytest plugin."""

__version__ = "0.1.0"

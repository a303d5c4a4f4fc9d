"""A GitHub in memory, as a Model Context Protocol server."""

from .server import github

__all__ = ["github"]

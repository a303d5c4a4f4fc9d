"""GitHub's operations as tools, one module an area. Names and arguments are those of GitHub's own first MCP server."""

from . import contents, discussions, repositories
from .operation import Operation

OPERATIONS: tuple[Operation, ...] = (*contents.OPERATIONS, *repositories.OPERATIONS, *discussions.OPERATIONS)

__all__ = ["OPERATIONS", "Operation"]

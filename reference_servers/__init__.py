"""Correct MCP servers, bundled: to prove the suites against, to compare with, and to use as mocks."""

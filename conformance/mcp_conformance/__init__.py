"""Conformance tests for any Model Context Protocol server, as a pytest plugin."""

__version__ = "0.1.0"

# pytest takes this package for a plugin (the entry point) and finds the real one here. By this detour both
# `-p mcp_conformance` and `-p mcp_conformance.plugin` work, whether plugins are loaded by themselves or not.
pytest_plugins = ("mcp_conformance.plugin",)

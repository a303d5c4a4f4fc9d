"""``python -m mcp_conformance.cli``: the console script."""

from mcp_conformance.cli import main

raise SystemExit(main())

"""``python -m reference_servers.everything``."""

from reference_servers.engine import serve

from .server import everything

raise SystemExit(serve(everything))

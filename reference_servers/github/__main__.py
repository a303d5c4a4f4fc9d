"""``python -m reference_servers.github``."""

from reference_servers.engine import serve

from .server import github

raise SystemExit(serve(github))

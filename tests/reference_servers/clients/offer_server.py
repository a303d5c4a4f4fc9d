"""The server of ``offer.py`` as a process, with the options that each server has."""

import sys
from pathlib import Path

sys.path[:1] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[3])]

from offer import offer  # noqa: E402

from reference_servers.engine import serve  # noqa: E402

raise SystemExit(serve(offer))

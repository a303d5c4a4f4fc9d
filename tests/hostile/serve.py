"""Be the server of that name: ``python -I -S tests/hostile/serve.py NAME [PORT]``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hostile import SERVERS

SERVERS[sys.argv[1]].serve(*map(int, sys.argv[2:]))

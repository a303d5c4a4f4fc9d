"""``python tests/hostile/random_bytes.py [COUNT]``: random byte strings, a million by default, through all that reads
bytes: framings, messages, suites, runs and hints. Prints the rate of each, and how the time grows with the length.

The exit status is 1 if anything raised what it doesn't document, or took more than linear time.
"""

import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
sys.path[:1] = [str(_ROOT / "conformance"), str(_ROOT)]

from mcp_conformance.cases.loader import load_text as _  # noqa: E402, F401

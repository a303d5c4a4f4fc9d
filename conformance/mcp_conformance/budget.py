"""The time of a run: when it is spent, what is left to judge is inconclusive, and the run ends with its report."""

import math
import time
from dataclasses import dataclass, field

ENDING = 15.0
"""Seconds, at most, that ending the servers and writing the report may take once the time is spent: SIGTERM, its grace,
SIGKILL."""


@dataclass(slots=True)
class Budget:
    """So many seconds, from now on unless `left` says how many of them are left."""

    seconds: float = math.inf
    left_at_start: float | None = None
    _started: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        """Seconds that are left, 0 when it is spent."""
        whole = self.seconds if self.left_at_start is None else self.left_at_start
        return max(0.0, self._started + whole - time.monotonic())

    @property
    def is_spent(self) -> bool:
        return self.left <= 0

    @property
    def reason(self) -> str:
        """Why something wasn't judged once it is spent."""
        return f"the run's time ({self.seconds:g} s, --mcp-budget) was spent"

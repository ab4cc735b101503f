"""So many in a minute and no more; in memory, for each API server by itself. Knows nothing but the standard library."""

from __future__ import annotations

import threading
import time
from collections import deque

WINDOW_SECONDS = 60
MOST_NAMES = 10_000  # whose times are kept: whoever asks under ever new names does not fill the memory


class RateLimit:
    """So many of one name (an account, an address) in a window of time."""

    def __init__(self, most: int, seconds: float = WINDOW_SECONDS) -> None:
        self.most, self.seconds = most, seconds
        self._taken: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def take(self, name: str) -> bool:
        """Whether one more is allowed now; then it is counted."""
        with self._lock:
            taken = self._recent(name)
            if len(taken) >= self.most:
                return False
            taken.append(time.monotonic())
            self._taken[name] = taken
            return True

    def is_full(self, name: str) -> bool:
        """Whether ``take`` would say no."""
        with self._lock:
            return len(self._recent(name)) >= self.most

    def _recent(self, name: str) -> deque[float]:
        oldest = time.monotonic() - self.seconds
        taken = self._taken.get(name, deque())
        while taken and taken[0] <= oldest:
            taken.popleft()
        if len(self._taken) >= MOST_NAMES:
            self._taken = {each: times for each, times in self._taken.items() if times and times[-1] > oldest}
        return taken

"""How much of a long figure a run does: a tenth by default, all of it with SOAK=1 (`make soak`)."""

import os

SOAK = os.environ.get("SOAK") == "1"


def figure(full: int) -> int:
    """The full figure under `make soak`, a tenth of it (at least 1) otherwise."""
    return full if SOAK else max(1, full // 10)

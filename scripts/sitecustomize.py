"""Loaded by each Python process of the targets; does something only where the clock is moved.

libfaketime 0.9 answers `time.sleep`, which waits on the monotonic clock, with "Invalid argument".
"""

import os
import select
import time

if os.environ.get("FAKETIME"):

    def _sleep(seconds: float) -> None:
        select.select([], [], [], seconds)

    time.sleep = _sleep

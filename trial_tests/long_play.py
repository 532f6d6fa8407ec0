"""How long tests play at random: a little in ``make test``, so many times as much in ``make faults``."""

import os

#: Set by ``make faults``.
TIMES = int(os.environ.get("TEAMGRAM_TEST_PLAY_TIMES", "1"))

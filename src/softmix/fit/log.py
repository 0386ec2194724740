"""The logger "softmix": silent unless the user's logging asks for it.

At level INFO it tells of runs, components placed anew and checkpoints gone on from; at DEBUG of
sweeps and checkpoints written.
"""

import logging

logger = logging.getLogger("softmix")
logger.addHandler(logging.NullHandler())

"""The command line: `softmix fit data.csv -k 3 -o model.softmix`."""

import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn


def main() -> NoReturn:
    """Run the command that the process was started with, and exit with its status."""
    # As an exception, the request to end also takes unfinished files away.
    signal.signal(signal.SIGTERM, _terminated)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show "±" shows "?", which is better than failing.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit status; every error is told in one line on stderr.

    Parameters
    ----------
    arguments : sequence of str
        As typed after `softmix`; none asks for help.

    Returns
    -------
    status : int
        0 well, 2 the user's mistake, 130 interrupted, 1 anything else.
    """
    from softmix.cli.errors import report  # noqa: PLC0415

    try:
        from softmix.cli.commands import cli  # noqa: PLC0415

        return cli.main(list(arguments) or ["--help"], "softmix", standalone_mode=False) or 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 (the last door before the user)
        return report(error)


def _terminated(signum: int, frame: Any) -> NoReturn:  # noqa: ARG001
    sys.exit(128 + signum)

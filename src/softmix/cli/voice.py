"""How a command speaks: text for people, one JSON object for machines, warnings on stderr."""

import json
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from softmix.cli.errors import in_options


@dataclass(eq=False)
class Voice:
    """What the user asked to hear; remembers the warnings it gave."""

    json: bool = False
    quiet: bool = False
    warned: list[str] = field(default_factory=list)

    @property
    def speaks(self) -> bool:
        """Whether text for people is wanted on stdout."""
        return not (self.json or self.quiet)

    def show(self, *renderables: Any) -> None:
        """Print text or rich tables."""
        if self.speaks:
            from rich.console import Console  # noqa: PLC0415

            console = Console(highlight=False, markup=False, emoji=False)
            with console.capture() as captured:
                console.print(*renderables, sep="\n")
            # rich fills tables up with blanks, which are in the way where text is copied or compared.
            sys.stdout.writelines(line.rstrip(" ") + "\n" for line in captured.get().splitlines())

    def answer(self, result: dict[str, Any]) -> None:
        """Print the JSON object, where JSON is wanted."""
        if self.json:
            sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")

    @property
    def shows_progress(self) -> bool:
        """Whether a terminal shows what takes its time."""
        return self.speaks and sys.stderr.isatty()

    @contextmanager
    def tidy_warnings(self) -> Iterator[None]:
        """Python warnings become one line each on stderr."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", FutureWarning)
            yield
        told = dict.fromkeys(_wording(warning) for warning in caught)
        self.warned.extend(told)
        if self.quiet:
            return
        sys.stderr.writelines(f"softmix: warning: {line}\n" for line in told)


def _wording(warning: warnings.WarningMessage) -> str:
    if warning.category.__name__ == "FitInterruptedWarning":
        return "The fit was interrupted before it converged; what follows is of the best model so far."
    if warning.category.__name__ == "SearchInterruptedWarning":
        return str(warning.message).partition(" fit with ")[0]
    if warning.category.__name__ == "ConvergenceWarning":
        return (
            "The fit stopped before it converged. Raise --max-iter, or try --n-init 10 or fewer components."
        )
    return in_options(str(warning.message))

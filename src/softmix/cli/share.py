"""An option that may be given without a value, or with a share: `--noise`, `--noise 0.05`."""

from typing import Any

import click

GUESSED = "guessed"


class Share(click.ParamType[bool | float]):
    """A number between 0 and 1, or True where the option has no value."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bool | float:
        """True, or the share."""
        if value in (True, GUESSED):
            return True
        try:
            share = float(value)
        except ValueError:
            share = 0.0
        if not 0.0 < share < 1.0:
            self.fail(f"{value!r} is no share between 0 and 1. Without one, put the option last.", param, ctx)
        return share

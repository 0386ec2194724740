"""`softmix example`: copy out a data set that comes with the package."""

import shlex
import sys

from softmix.cli.outputs import Outputs
from softmix.cli.voice import Voice
from softmix.data import faithful_path

_PATHS = {"faithful": faithful_path}


def run(name: str, output: str | None, *, json: bool, quiet: bool) -> None:
    """Write the data set `name` to `output`, or to standard output."""
    content = _PATHS[name]().read_bytes()
    if output is None:
        if json:
            from softmix.cli.errors import UserError  # noqa: PLC0415

            raise UserError("--json needs -o: without it, standard output is the table.")
        sys.stdout.buffer.write(content)
        return
    with Outputs() as outputs:
        scratch = outputs.add(output, "-o", (".csv",))
        if scratch is not None:
            scratch.write_bytes(content)
    voice = Voice(json, quiet)
    voice.answer({"name": name, "output": output})
    voice.show(
        f"{name} written to {output}\n\n"
        f"Next: softmix fit {shlex.quote(output)} -k 2 -o model.softmix --plot picture.png"
    )

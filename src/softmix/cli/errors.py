"""An exception -> one line on stderr, and an exit status."""

import os
import re
import sys
import traceback

OTHER, MISTAKE, INTERRUPTED = 1, 2, 130

_EXTRAS = {"click": "cli", "pyarrow": "cli", "rich": "cli", "matplotlib": "plots"}


# How options are called in Python, whose messages pass through the command line.
_OPTIONS = {
    "checkpoint=": "--checkpoint",
    "covariance_type": "--covariance",
    "init_params": "--init",
    "max_iter": "--max-iter",
    "n_components": "-k",
    "n_init": "--n-init",
    "reg_covar": "--reg-covar",
    "sample_weight": "--weights",
    "columns=": "--columns",
    "connection=": "--connection",
    "decimal=": "--decimal",
    "delimiter=": "--delimiter",
    "ids=": "--id",
    "weights=": "--weights",
    "missing='marginal'": "--missing marginal",
}


class UserError(ValueError):
    """Something that the user can put right; the message says how."""


def report(error: BaseException) -> int:
    """Tell the user, in one line, what `error` means to them; give the exit status."""
    if os.environ.get("SOFTMIX_TRACEBACK"):
        traceback.print_exception(error)
    if isinstance(error, BrokenPipeError):
        # Whoever read our output has enough; Python must not complain when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OTHER
    message, status = explain(error)
    prefix = "softmix: " if status == INTERRUPTED else "softmix: error: "
    sys.stderr.write(prefix + " ".join(message.splitlines()) + "\n")
    return status


def in_options(message: str) -> str:
    """`message` in one line, with Python's parameters named as the command line's options."""
    names = "|".join(_OPTIONS)
    # What follows a parameter is its value, where it is quoted.
    return re.sub(
        rf"\b({names})(?!\w)(?=('?))",
        lambda found: _OPTIONS[found[1]] + (" " if found[1].endswith("=") and found[2] else ""),
        " ".join(message.split()),
    )


def explain(error: BaseException) -> tuple[str, int]:  # noqa: PLR0911 (one for each kind of error)
    """The message for the user, and the exit status."""
    name = type(error).__name__
    if isinstance(error, KeyboardInterrupt) or name == "Abort":
        return "interrupted; nothing was written.", INTERRUPTED
    if _is_own(error):
        return str(error), MISTAKE
    if _is_from_click(error):
        return _explain_usage(error), MISTAKE
    if isinstance(error, ImportError) and (extra := _missing_extra(error)):
        package = (error.name or "").partition(".")[0]
        return f'{package} is needed and not installed: pip install "softmix[{extra}]"', OTHER
    if isinstance(error, OSError):
        return _explain_os(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory for this table.", OTHER
    hint = "This is a fault in softmix; SOFTMIX_TRACEBACK=1 shows where."
    return f"{name}: {str(error).rstrip('.')}. {hint}", OTHER


def _is_own(error: BaseException) -> bool:
    """softmix's own ValueErrors say what the user should change."""
    return isinstance(error, ValueError) and type(error).__module__.startswith("softmix.")


def _is_from_click(error: BaseException) -> bool:
    return type(error).__module__.startswith("click.") and hasattr(error, "format_message")


def _explain_usage(error: BaseException) -> str:
    message = " ".join(error.format_message().split())  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "softmix"
    return f"{message.rstrip('.')}. Try '{command} --help'."


def _missing_extra(error: ImportError) -> str | None:
    return _EXTRAS.get((error.name or "").partition(".")[0])


def _explain_os(error: OSError) -> tuple[str, int]:
    message = error.strerror or str(error)
    if error.filename is not None:
        message = f"{os.fspath(error.filename)}: {message}"
    mistakes = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
    return f"{message}.", MISTAKE if isinstance(error, mistakes) else OTHER

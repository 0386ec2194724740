"""`softmix fit` that takes long: what is shown, Ctrl-C, and checkpoints."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from softmix import load

# tol 0 and this many sweeps would take hours.
ENDLESS = ("faithful.csv", "-k", "3", "--tol", "0", "--max-iter", "100000000")
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and terminals are POSIX's")


def start(*arguments, **options):
    return subprocess.Popen([sys.executable, "-m", "softmix.cli", "fit", *arguments], text=True, **options)


def wait_for(path, command):
    while not path.exists():
        assert command.poll() is None
        time.sleep(0.01)


@POSIX
@pytest.mark.parametrize("quiet", [(), ("--quiet",), ("--json",)])
def test_ctrl_c_writes_the_best_so_far(quiet, folder, softmix):
    # The checkpoint tells that sweeps have begun.
    command = start(
        *ENDLESS,
        *quiet,
        "-o",
        "m.softmix",
        "--checkpoint",
        "c",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        wait_for(folder / "c", command)
        time.sleep(0.3)
        command.send_signal(signal.SIGINT)
        out, err = command.communicate(timeout=60)
    finally:
        command.kill()
    assert command.returncode == 130
    assert ("interrupted before it converged" in err) == (quiet != ("--quiet",))
    assert "Traceback" not in err
    assert ("model written to" in out) == (quiet == ())
    fitted = load("m.softmix")
    assert not fitted.converged_
    assert fitted.get_params()["progress"] is False
    assert softmix("predict", "m.softmix", "faithful.csv").status == 0


def text_of(screen):
    """All that is shown until the command ends."""
    shown = b""
    try:
        while more := os.read(screen, 4096):
            shown += more
    except OSError:  # what Linux says of a terminal that nobody writes to any more
        pass
    return shown.decode()


@POSIX
def test_ctrl_c_in_a_search_writes_the_best_of_the_models_so_far(folder, softmix):
    import pty  # noqa: PLC0415 (POSIX's)

    # So many models take long, and the bar tells when there is one.
    many = ("faithful.csv", "-k", "1:30", "--covariance", "all", "-o", "m.softmix", "--table", "t.csv")
    screen, terminal = pty.openpty()
    command = start(*many, stdout=subprocess.PIPE, stderr=terminal, env={**os.environ, "TERM": "xterm"})
    os.close(terminal)
    shown = b""
    try:
        while b"Best of the models" not in shown:
            shown += os.read(screen, 4096)
        command.send_signal(signal.SIGINT)
        told = text_of(screen)
        out, _ = command.communicate(timeout=60)
    finally:
        command.kill()
        os.close(screen)
    assert command.returncode == 130
    n_fitted = len(pd.read_csv(folder / "t.csv"))
    assert 0 < n_fitted < 420
    (line,) = [line for line in told.splitlines() if "warning" in line]
    assert line.endswith(f"interrupted with {n_fitted} of 420 models fitted; the best of these is kept.")
    assert "Traceback" not in told
    assert "model written to" in out
    assert softmix("predict", "m.softmix", "faithful.csv").status == 0


@POSIX
def test_a_killed_fit_goes_on(folder, softmix):
    fit = ("faithful.csv", "-k", "5", "--tol", "0", "--max-iter", "600", "--init", "random")
    kept = (*fit, "--checkpoint", "c", "--checkpoint-every", "2 sweeps", "-o", "m.softmix")
    command = start(*kept)
    try:
        wait_for(folder / "c", command)
    finally:
        command.kill()
        command.wait()
    assert not (folder / "m.softmix").exists()
    other = softmix("fit", *kept[:2], "4", *kept[3:])
    assert other.status == 2
    assert other.error.startswith("faithful.csv: --checkpoint 'c' is of another fit: -k was 5 and is 4.")
    assert softmix("fit", *kept).status == 0
    assert not (folder / "c").exists()
    assert softmix("fit", *fit, "-o", "whole.softmix").status == 0
    resumed, whole = load("m.softmix"), load("whole.softmix")
    np.testing.assert_array_equal(resumed.means_, whole.means_)
    assert resumed.lower_bounds_ == whole.lower_bounds_


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-k", "1:3", "--checkpoint", "c"), "--checkpoint keeps a fit of one model"),
        (("-k", "2", "--checkpoint", "no/c"), "there is no directory 'no'. Make it first."),
        (("-k", "2", "--checkpoint-every", "often"), "must be a number of seconds"),
    ],
)
@pytest.mark.usefixtures("unchanged")
def test_what_cannot_be_kept_is_told(arguments, said, softmix):
    told = softmix("fit", "faithful.csv", *arguments)
    assert told.status == 2
    assert said in told.error


@POSIX
def test_a_terminal_shows_a_line_that_follows_the_fit(folder):
    import pty  # noqa: PLC0415 (POSIX's)

    screen, terminal = pty.openpty()
    command = start(*ENDLESS, stdout=subprocess.DEVNULL, stderr=terminal, env={**os.environ, "TERM": "xterm"})
    os.close(terminal)
    shown = b""
    try:
        while b"rows/s" not in shown:
            shown += os.read(screen, 4096)
    finally:
        command.kill()
        command.wait()
        os.close(screen)
    assert b"run 1, sweep" in shown
    assert b"nats/row" in shown

"""Without the extra `data`: arrays go as they did, and the rest says what to install."""

import subprocess
import sys

import pytest

PRELUDE = """
import sys
for name in {missing!r}:
    sys.modules[name] = None
import numpy as np
from softmix import GaussianMixture, scan
X = np.random.default_rng(0).normal(size=(99, 2))
"""


def run(code, *missing):
    code = PRELUDE.format(missing=missing) + code
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_arrays_need_nothing(tmp_path):
    code = f"np.save({str(tmp_path / 't.npy')!r}, X); GaussianMixture(2).fit_predict(scan({str(tmp_path)!r}))"
    said = run(code, "pyarrow")
    assert (said.returncode, said.stdout) == (0, ""), said.stderr


@pytest.mark.parametrize(
    ("code", "package"),
    [
        ("scan('t.parquet')", "pyarrow"),
        ("scan('t.csv')", "pyarrow"),
        ("scan('SELECT 1', connection='sqlite:///t.db')", "pyarrow"),
        ("scan('SELECT 1', connection='sqlite:///t.db')", "adbc_driver_sqlite"),
        ("scan('SELECT 1', connection='postgresql://nowhere')", "adbc_driver_postgresql"),
        ("GaussianMixture(2).fit(X).write_predictions(X, 'out.csv')", "pyarrow"),
    ],
)
def test_what_needs_a_package_names_it(code, package, tmp_path):
    said = run(
        f"import os; os.chdir({str(tmp_path)!r}); open('t.parquet', 'w'); open('t.csv', 'w')\n{code}", package
    )
    expected = f'ImportError: {package} is needed for this and not installed: pip install "softmix[data]"'
    assert said.stderr.splitlines()[-1] == expected

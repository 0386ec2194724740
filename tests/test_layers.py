"""Imports go down only: the contract in pyproject.toml holds for the package as it is installed."""

from pathlib import Path

from importlinter.cli import lint_imports

CONTRACTS = Path(__file__).parents[1] / "pyproject.toml"


def test_imports_go_down_only(capsys):
    assert lint_imports(config_filename=str(CONTRACTS), no_cache=True) == 0, capsys.readouterr().out

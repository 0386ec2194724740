"""Data sets that come with the package."""

from pathlib import Path


def faithful_path() -> Path:
    """The Old Faithful data: a CSV file with columns eruptions and waiting, 272 rows.

    Examples
    --------
    >>> from softmix.data import faithful_path
    >>> faithful_path().read_text().splitlines()[:2]
    ['eruptions,waiting', '3.6,79']
    """
    return Path(__file__).with_name("faithful.csv")

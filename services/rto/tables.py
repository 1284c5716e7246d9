"""The tables of the round table: the shell's, with the round table's phases."""

import sqlalchemy as sa

from services.rto.state import Phase
from shared.storage.tables import shell_tables

metadata = sa.MetaData()
shell_tables(metadata, tuple(phase.value for phase in Phase))

"""Define the tables of sixth: the shell's, with the phases of sixth."""

import sqlalchemy as sa

from services.sixth.state import Phase
from shared.storage.tables import shell_tables

metadata = sa.MetaData()
shell_tables(metadata, tuple(phase.value for phase in Phase))

"""The tables of intake: the shell's, with intake's phases."""

import sqlalchemy as sa

from services.intake.state import Phase
from shared.storage.tables import shell_tables

metadata = sa.MetaData()
shell_tables(metadata, tuple(phase.value for phase in Phase))

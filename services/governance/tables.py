"""The tables of governance: the shell's, with governance's phases; a row of `cases` is a membership."""

import sqlalchemy as sa

from services.governance.state import Phase
from shared.storage.tables import shell_tables

metadata = sa.MetaData()
shell_tables(metadata, tuple(phase.value for phase in Phase))

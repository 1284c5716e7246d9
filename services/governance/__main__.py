"""Run `python -m services.governance`."""

from services.governance.main import app

app()

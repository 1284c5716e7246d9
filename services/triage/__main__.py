"""Run `python -m services.triage`."""

from services.triage.main import app

app()

"""Run `python -m services.retention`."""

from services.retention.main import app

app()

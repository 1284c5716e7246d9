"""Run `python -m services.rto`."""

from services.rto.main import app

app()

"""Run `python -m services.intake`."""

from services.intake.main import app

app()

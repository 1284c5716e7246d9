"""Run `python -m services.sixth`."""

from services.sixth.main import app

app()

"""`python -m deploy.provisioning remove-ended`: the broker follows governance's register of parties."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from deploy.provisioning.connection import Connection
from deploy.provisioning.provision import remove_party_access
from deploy.provisioning.register import ended, recorded_parties

app = typer.Typer(add_completion=False, help="Rights on the broker.")


@app.callback()
def rights() -> None:
    """Rights on the broker."""


@app.command()
def remove_ended(
    bootstrap: Annotated[str, typer.Option(help="The broker")],
    ca_file: Annotated[Path, typer.Option(help="Certificate the broker is known by")],
    password_file: Annotated[Path, typer.Option(help="File with the password of that login")],
    user: Annotated[str, typer.Option(help="Login that may alter rights and read the register")] = "admin",
    prefix: Annotated[str, typer.Option(help="Topic prefix")] = "zvh",
) -> None:
    """Take the rights and the login of every party whose membership has ended (R115); again does no harm."""
    admin = Connection(bootstrap, ca_file, user, password_file.read_text().strip())
    for party in ended(recorded_parties(admin, prefix), datetime.now(UTC)):
        removed = remove_party_access(admin, party)
        typer.echo(f"{party}: " + ("rights and login removed" if removed else "had none"))


if __name__ == "__main__":
    app()

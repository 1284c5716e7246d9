"""What an old backup of the five databases would hold of a case, and the keys that are left to try on it."""

import base64

from deploy.local.house import House
from deploy.local.postgres import Database, run_sql
from services.retention.key_store import KeyStore
from shared.content import Sealed
from shared.message import SERVICES


def sealed_pieces(house: House, case: str) -> list[Sealed]:
    """Of this case, in every service, as they lie in their rows."""
    asked = f"SELECT piece, sealed_by, encode(box, 'hex') FROM pieces WHERE case_id = '{case}'"  # noqa: S608
    databases = [Database(**house.env["admin"]["databases"][service]) for service in SERVICES]
    lines = [line.split("|") for database in databases for line in run_sql(database, asked).split()]
    return [Sealed(piece, by, bytes.fromhex(box)) for piece, by, box in lines]


def key_store_of(house: House) -> KeyStore:
    """The key authority's own directory, opened beside it; both take its lock."""
    root = house.layout.secrets("retention").root_key_file.read_text().strip()
    directory = house.layout.keys("retention") / "cases"
    return KeyStore(directory, base64.urlsafe_b64decode(root + "=="), house.env["house"])

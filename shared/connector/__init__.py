"""Offer what a partner's programmer uses; everything else in `shared` is the house's own."""

from shared.connector.connector import (
    Answer,
    Connector,
    NotAnswered,
    ReceivedMessage,
    TooLarge,
)
from shared.connector.house import HouseUnreachable
from shared.connector.settings import ConnectorSettings, from_house_file
from shared.contract import messages as messages

__all__ = [
    "Answer",
    "Connector",
    "ConnectorSettings",
    "HouseUnreachable",
    "NotAnswered",
    "ReceivedMessage",
    "TooLarge",
    "from_house_file",
]

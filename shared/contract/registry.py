"""Register the messages: the one list that dispatches, validates and is published as the contract."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias, TypeVar, get_args

from pydantic import BaseModel, ConfigDict

from shared.contract.content import check_walkable

NAMESPACE = "nl.veiligheidscasussen"

# The one list of services: topics, logins, databases, rights, documents and tests follow from it.
ServiceName: TypeAlias = Literal["intake", "triage", "rto", "retention", "governance"]
SERVICES: tuple[ServiceName, ...] = get_args(ServiceName)
# "house": each of the services sends it in the same form.
Owner: TypeAlias = ServiceName | Literal["house"]


class Direction(StrEnum):
    """Name the kind of topic a message is on."""

    FROM_PARTY = "from-party"
    TO_PARTY = "to-party"
    BETWEEN_HOUSES = "between-houses"  # a letter of one house, which the other takes as a party's message
    EVENT = "event"


class Model(BaseModel):
    """Define a frozen model: unknown fields are ignored (readers deploy first), known ones are strict."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True, ser_json_bytes="base64")


@dataclass(frozen=True, slots=True)
class MessageType:
    """Describe one type of message: its name, its owner and its direction."""

    name: str
    version: int
    service: Owner
    direction: Direction
    model: type[Model]
    dutch: str

    @property
    def type(self) -> str:
        """Return the CloudEvents type, unique over the five services."""
        return f"{NAMESPACE}.{self.name}.v{self.version}"

    @property
    def comes_in(self) -> bool:
        """Tell whether a party, or another house, sends it to this one."""
        return self.direction in (Direction.FROM_PARTY, Direction.BETWEEN_HOUSES)

    @property
    def goes_out(self) -> bool:
        """Tell whether this house sends it to a party, or to another house."""
        return self.direction in (Direction.TO_PARTY, Direction.BETWEEN_HOUSES)


_by_type: dict[str, MessageType] = {}
_by_model: dict[type[Model], MessageType] = {}


M = TypeVar("M", bound=type[Model])


def message(
    name: str, service: Owner, direction: Direction, *, dutch: str, version: int = 1
) -> Callable[[M], M]:
    """Register a model as the payload of one type of message.

    Raises `TypeError` when a text of it would stand where it is never sealed, `ValueError` for a type twice.
    """

    def register(model: M) -> M:
        check_walkable(model)
        entry = MessageType(name, version, service, direction, model, dutch)
        if entry.type in _by_type:
            raise ValueError(f"{entry.type} is registered twice")
        _by_type[entry.type] = entry
        _by_model[model] = entry
        return model

    return register


def by_type(type_: str) -> MessageType | None:
    """Return the registered message of this CloudEvents type, or None for an unknown one."""
    return _by_type.get(type_)


def of_model(model: type[Model]) -> MessageType:
    """Return the entry a payload model was registered under; raise `KeyError`."""
    return _by_model[model]


def all_messages() -> list[MessageType]:
    """List every registered message, in a stable order."""
    return sorted(_by_type.values(), key=lambda entry: (entry.service, entry.direction, entry.name))

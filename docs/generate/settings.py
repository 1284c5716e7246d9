"""Generate the table of settings from the settings' own fields."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from services.retention.key_authority import KeySettings
from shared.runtime.settings import Settings

HEAD = """# Settings of a service

Generated from `shared/runtime/settings.py` by `make generate`.
All come from the environment; secrets come as files.

| Variable | Kind | Default | What it is |
|---|---|---|---|
"""

OF_RETENTION = """Only at `retention`:

| Variable | Kind | Default | What it is |
|---|---|---|---|"""


def table() -> str:
    """Return the text of docs/settings.md."""
    own = f"\n{OF_RETENTION}\n" + "\n".join(_rows(KeySettings)) + "\n"
    return HEAD + "\n".join(_rows(Settings)) + "\n" + own


def _rows(settings: type[BaseSettings]) -> Iterator[str]:
    prefix = settings.model_config.get("env_prefix", "")
    for name, field in settings.model_fields.items():
        kind = _kind(field.annotation)
        yield f"| `{prefix}{name.upper()}` | {kind} | {_default(field)} | {field.description} |"


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(annotation))
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0])
    if arguments := [a for a in get_args(annotation) if a is not type(None)]:
        return " or ".join(_kind(argument) for argument in arguments)
    name = str(annotation.__name__)
    return {"str": "text", "int": "number", "Path": "path"}.get(name, name)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return "none" if field.default is None else f"`{field.default}`"

"""The table of settings, from the settings' own fields."""

from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from shared.settings import Settings

HEAD = """# Settings of a service

Generated from `shared/settings.py` by `make generate`. All come from the environment; secrets come as files.

| Variable | Kind | Default | What it is |
|---|---|---|---|
"""


def table() -> str:
    """docs/settings.md."""
    prefix = Settings.model_config.get("env_prefix", "")
    rows = (
        f"| `{prefix}{name.upper()}` | {_kind(field.annotation)} | {_default(field)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    )
    return HEAD + "\n".join(rows) + "\n"


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(annotation))
    if arguments := [a for a in get_args(annotation) if a is not type(None)]:
        return " or ".join(_kind(argument) for argument in arguments)
    name = str(annotation.__name__)
    return {"str": "text", "int": "number", "Path": "path"}.get(name, name)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return "none" if field.default is None else f"`{field.default}`"

"""The page of settings: every environment variable with its values, its default and its meaning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import platformdirs
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hubstat.documentation.text import GENERATED, table
from hubstat.settings import Settings

_DELIMITER: Final = str(Settings.model_config["env_nested_delimiter"])
_PREFIX: Final = str(Settings.model_config["env_prefix"])
_TYPES: Final = {"integer": "integer", "number": "number", "boolean": "true or false", "string": "text"}
_BOUNDS: Final = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_SETTINGS_INTRODUCTION: Final = """\
Each setting is an environment variable. A wrong value ends the command with one line that names it.

`<cache>` and `<state>` are the cache and state folders of the user who runs the command: on Linux `~/.cache/hubstat`
and `~/.local/state/hubstat` (`XDG_CACHE_HOME` and `XDG_STATE_HOME` move them). For root, the engines' folders are
under `/var/cache/hubstat` and `/var/lib/hubstat`, which the engines' unprivileged user can reach."""


def settings_page() -> str:
    """Every setting: its environment variable, its values, its default and its meaning."""
    plain = {name: field for name, field in Settings.model_fields.items() if _part(field) is None}
    lines = [
        "# Settings",
        "",
        GENERATED,
        "",
        *_SETTINGS_INTRODUCTION.splitlines(),
        "",
        *_settings_table(Settings, plain, _PREFIX),
    ]
    for name, field in Settings.model_fields.items():
        part = _part(field)
        if part is not None:
            title = (part.__doc__ or "").strip()
            lines += ["", f"## {(field.description or name).rstrip('.')}", "", title, ""]
            lines += _settings_table(part, part.model_fields, f"{_PREFIX}{name.upper()}{_DELIMITER}")
    return "\n".join(lines) + "\n"


def _part(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _settings_table(model: type[BaseModel], fields: dict[str, FieldInfo], prefix: str) -> list[str]:
    schema = model.model_json_schema()["properties"]
    rows = (
        (f"`{prefix}{name.upper()}`", _values(schema[name]), _default(field), field.description or "")
        for name, field in fields.items()
    )
    return table(("variable", "values", "default", "meaning"), rows)


def _values(schema: dict[str, Any]) -> str:
    """What a setting may be, from its JSON schema."""
    choices = [choice for choice in schema.get("anyOf", [schema]) if choice.get("type") != "null"]
    return " or ".join(_value(choice) for choice in choices)


def _value(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema["type"] == "array":
        return "JSON array"
    if schema.get("format") == "path":
        return "path"
    if schema.get("format") == "password":
        return "secret text"
    bounds = [f"{sign} {schema[name]:g}" for name, sign in _BOUNDS.items() if name in schema]
    text = " ".join([_TYPES[schema["type"]], ", ".join(bounds)]).strip()
    return f"{text} like `{schema['pattern']}`" if "pattern" in schema else text


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{json.dumps(value)}`"
    return f"`{_without_user(value) if isinstance(value, Path) else value}`"


def _without_user(path: Path) -> str:
    """The path with the folders of whoever runs this replaced, so that the page is the same for everyone."""
    folders = (
        ("<cache>", platformdirs.user_cache_dir("hubstat", use_site_for_root=True)),
        ("<state>", platformdirs.user_state_dir("hubstat", use_site_for_root=True)),
        ("<state>", platformdirs.user_state_dir("hubstat")),
    )
    for name, folder in folders:
        if path.is_relative_to(folder):
            return str(Path(name) / path.relative_to(folder))
    return str(path)

"""Index templates: what is shipped, what is installed, and bringing one to the other without silent overwriting."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from elasticsearch import BadRequestError, Elasticsearch, NotFoundError

from hubstat.elastic.names import Names
from hubstat.errors import SettingsError
from hubstat.settings import Settings

KINDS: Final = (
    "invoices",
    "friends",
    "dead-letters",
    "hubs",
    "ingest-status",
    "rollup-marks",
    "rollup-dates",
    "facts-camp-hour",
    "facts-camp-day",
    "facts-friend-day",
    "restatements",
    "baselines",
    "audits",
    "backtests",
    "subscriptions",
    "report-runs",
    "report-schedule",
)
# Above the priorities of templates that clusters ship for patterns such as "*-*".
_PRIORITY: Final = 500
# Of what the workers of ingest write: they make it visible themselves (ingest.visibility), this is for what they leave.
_WRITTEN_BY_INGEST: Final = ("invoices", "friends")
_BY_ITSELF_SECONDS: Final = 10.0
_DYNAMIC_SETTINGS: Final = ("index.number_of_replicas", "index.refresh_interval")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as shipped. ``where``: a template or an index; ``what``: dotted path, "" for all of it."""

    where: str
    what: str
    shipped: str
    installed: str | None

    def __str__(self) -> str:
        if self.installed is None:
            return f"{self.where}: {self.what or 'the template'} is missing"
        return f"{self.where}: {self.what} is {self.installed}, shipped is {self.shipped}"


def shipped(settings: Settings) -> dict[str, dict[str, Any]]:
    """The templates of this version by name, with the settings filled in."""
    elastic = settings.elasticsearch
    rendered: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        text = (resources.files("hubstat.elastic.templates") / f"{kind}.json").read_text(encoding="utf-8")
        template: dict[str, Any] = json.loads(text.replace("{namespace}", settings.namespace))
        template["priority"] = _PRIORITY
        refresh = _BY_ITSELF_SECONDS if kind in _WRITTEN_BY_INGEST else elastic.refresh_seconds
        template["template"]["settings"] = {
            "index": {
                "number_of_shards": str(elastic.shards),
                "number_of_replicas": str(elastic.replicas),
                "refresh_interval": f"{refresh * 1000:.0f}ms",
            }
        }
        rendered[f"{settings.namespace}-{kind}"] = template
    return rendered


def differences(client: Elasticsearch, settings: Settings) -> list[Difference]:
    """Everything installed that is not as shipped: templates, and the mappings and settings of existing indices."""
    found: list[Difference] = []
    for name, template in shipped(settings).items():
        installed = _installed(client, name)
        if installed is None:
            found.append(Difference(name, "", "present", None))
        else:
            found += _compare(name, template, installed)
        found += _index_differences(client, template)
    return found


def ensure(client: Elasticsearch, settings: Settings) -> None:
    """Install what is missing, so that a fresh namespace is ready. Raises ``SettingsError`` where something differs."""
    found = differences(client, settings)
    differing = [difference for difference in found if difference.installed is not None]
    if differing:
        raise SettingsError(
            f"the indices of namespace {settings.namespace} are not as this version and its settings want them: "
            f"{differing[0]} ({len(differing)} differences); see `hubstat indices diff`, then `hubstat indices apply`"
        )
    if found:
        apply(client, settings)
    else:
        _create_fixed(client, settings)


def apply(client: Elasticsearch, settings: Settings) -> None:
    """Install all templates and bring existing indices to them where Elasticsearch can: new fields, dynamic settings.

    Raises ``SettingsError`` where an existing field would have to change.
    """
    for name, template in shipped(settings).items():
        client.indices.put_index_template(name=name, body=template)
    _create_fixed(client, settings)
    for template in shipped(settings).values():
        for pattern in template["index_patterns"]:
            if not client.indices.get(index=pattern, ignore_unavailable=True, features="aliases").body:
                continue
            index_settings = template["template"]["settings"]["index"]
            dynamic = {key: index_settings[key.removeprefix("index.")] for key in _DYNAMIC_SETTINGS}
            try:
                client.indices.put_mapping(index=pattern, properties=template["template"]["mappings"]["properties"])
            except BadRequestError as error:
                raise SettingsError(
                    f"{pattern}: an existing field cannot change its type ({error}); use another HUBSTAT_NAMESPACE and "
                    "replay, or reindex"
                ) from error
            client.indices.put_settings(index=pattern, settings=dynamic)


def _create_fixed(client: Elasticsearch, settings: Settings) -> None:
    names = Names(settings.namespace)
    for index in names.fixed:
        if not client.indices.exists(index=index):
            try:
                client.indices.create(index=index)
            except BadRequestError as error:
                if error.error != "resource_already_exists_exception":
                    raise


def _installed(client: Elasticsearch, name: str) -> dict[str, Any] | None:
    try:
        answer = client.indices.get_index_template(name=name)
    except NotFoundError:
        return None
    template: dict[str, Any] = answer["index_templates"][0]["index_template"]
    return template


def _compare(where: str, wanted: Mapping[str, Any], present: Mapping[str, Any]) -> list[Difference]:
    want, have = dict(_flat(wanted)), dict(_flat({key: present.get(key) for key in wanted}))
    return [
        Difference(where, path, want.get(path, "absent"), have.get(path, "absent"))
        for path in sorted(want.keys() | have.keys())
        if want.get(path) != have.get(path)
    ]


def _index_differences(client: Elasticsearch, template: Mapping[str, Any]) -> list[Difference]:
    wanted = dict(_flat(template["template"]["mappings"]["properties"]))
    settings = template["template"]["settings"]["index"]
    found: list[Difference] = []
    for pattern in template["index_patterns"]:
        indices = client.indices.get(index=pattern, ignore_unavailable=True, features="mappings,settings").body
        for index, state in indices.items():
            present = dict(_flat(state["mappings"].get("properties", {})))
            found += [
                Difference(index, path, wanted.get(path, "absent"), present.get(path, "absent"))
                for path in sorted(wanted.keys() | present.keys())
                if wanted.get(path) != present.get(path)
            ]
            found += [
                Difference(index, key, settings[name], str(state["settings"]["index"].get(name)))
                for key in _DYNAMIC_SETTINGS
                if str(state["settings"]["index"].get(name := key.removeprefix("index."))) != settings[name]
            ]
    return found


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        yield path, ",".join(sorted(map(str, value)))
    else:
        yield path, str(value).lower() if isinstance(value, bool) else str(value)

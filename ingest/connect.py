"""Starting a client of Kafka; where that fails, what to change."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from hubstat.errors import EngineError, HubstatError, SettingsError
from hubstat.settings import KafkaSettings

CONNECT_SECONDS = 8.0
_PROBE_SECONDS = 3.0
_levels: list[int] = []


class Client(Protocol):
    """An aiokafka consumer, producer or admin client."""

    async def start(self) -> None:
        """Connect."""


def connection(settings: KafkaSettings) -> dict[str, Any]:
    """Security arguments of any aiokafka client. Raises SettingsError where settings are missing or unusable."""
    arguments: dict[str, Any] = {"security_protocol": settings.security_protocol}
    if settings.security_protocol.endswith("SSL"):
        try:
            arguments["ssl_context"] = ssl.create_default_context(cafile=settings.ca_certs)
        except OSError as error:
            raise SettingsError(
                f"HUBSTAT_KAFKA__CA_CERTS: {settings.ca_certs} is no readable CA file in PEM form: {error}"
            ) from error
    if settings.security_protocol.startswith("SASL"):
        if not (settings.sasl_username and settings.sasl_password):
            raise SettingsError(
                f"HUBSTAT_KAFKA__SECURITY_PROTOCOL is {settings.security_protocol}: "
                "set HUBSTAT_KAFKA__SASL_USERNAME and HUBSTAT_KAFKA__SASL_PASSWORD"
            )
        arguments["sasl_mechanism"] = settings.sasl_mechanism or "PLAIN"
        arguments["sasl_plain_username"] = settings.sasl_username
        arguments["sasl_plain_password"] = settings.sasl_password.get_secret_value()
    return arguments


async def start(client: Client, settings: KafkaSettings, bootstrap: str) -> None:
    """Start a client, within seconds.

    Raises EngineError where Kafka does not answer, SettingsError where it answers but not with these settings; the
    caller closes the client.
    """
    try:
        with _error_instead_of_log():
            await asyncio.wait_for(client.start(), CONNECT_SECONDS)
    except (KafkaError, OSError, TimeoutError) as error:
        with _error_instead_of_log():
            raise await _explained(settings, bootstrap, error) from error


@contextmanager
def _error_instead_of_log() -> Iterator[None]:
    """aiokafka logs each address that it cannot reach and raises as well; the raised error says it all.

    Blocks may overlap, as clients start side by side: the last one to end gives the logger its level back.
    """
    logger = logging.getLogger("aiokafka")
    if not _levels:
        _levels.append(logger.level)
        logger.setLevel(logging.CRITICAL)
    else:
        _levels.append(_levels[0])
    try:
        yield
    finally:
        level = _levels.pop()
        if not _levels:
            logger.setLevel(level)


async def _explained(settings: KafkaSettings, bootstrap: str, error: Exception) -> HubstatError:
    """The error to raise. A client that cannot start says only that; a connection of our own says why."""
    causes = [cause async for cause in _causes(settings, bootstrap)] or [error]
    telling = [found for cause in causes if isinstance(found := _explain(settings, bootstrap, cause), SettingsError)]
    return telling[0] if telling else _explain(settings, bootstrap, causes[0])


async def _causes(settings: KafkaSettings, bootstrap: str) -> Any:
    """What a connection to each address of ``bootstrap`` fails with; nothing for those where it does not."""
    for host, port, _ in collect_hosts(bootstrap, randomize=False):
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                probe = await create_conn(host, port, **connection(settings))
                try:
                    await probe.send(MetadataRequest([]))
                finally:
                    probe.close()
        except (KafkaError, OSError, TimeoutError) as cause:
            yield cause


def _explain(settings: KafkaSettings, bootstrap: str, cause: Exception) -> HubstatError:
    kafka, protocol = f"Kafka at {bootstrap}", settings.security_protocol
    match cause:
        case SaslAuthenticationFailed():
            return SettingsError(
                f"{kafka} refuses the login of {settings.sasl_username!r}: "
                "check HUBSTAT_KAFKA__SASL_USERNAME and HUBSTAT_KAFKA__SASL_PASSWORD"
            )
        case UnsupportedSaslMechanismError():
            mechanism = settings.sasl_mechanism or "PLAIN"
            return SettingsError(f"{kafka} offers no {mechanism}: set HUBSTAT_KAFKA__SASL_MECHANISM to what it offers")
        case IllegalSaslStateError():
            return SettingsError(f"{kafka} asks for no login: set HUBSTAT_KAFKA__SECURITY_PROTOCOL, now {protocol}")
        case ssl.SSLCertVerificationError():
            return SettingsError(
                f"the certificate of {kafka} is not trusted ({cause.verify_message}): "
                "set HUBSTAT_KAFKA__CA_CERTS to the CA that signed it, in PEM form"
            )
        case KafkaConnectionError() | ConnectionResetError() | ssl.SSLError():
            return EngineError(
                f"{kafka} does not answer as expected, it closes the connection: is "
                f"HUBSTAT_KAFKA__SECURITY_PROTOCOL={protocol} what it speaks there?"
            )
        case _:
            why = str(cause) or type(cause).__name__
            return EngineError(f"{kafka} does not answer or refuses: {why}; is it running?")

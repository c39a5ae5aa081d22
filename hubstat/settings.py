"""All settings, in one frozen model, built once in the command line; nothing else reads the environment."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from cronsim import CronSim, CronSimError
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
Port = Annotated[int, Field(ge=1, le=65535)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EngineSettings(_Part):
    """Where Elasticsearch and Kafka come from when no address of theirs is set."""

    choice: Literal["auto", "docker", "embedded"] = Field(
        "auto",
        description="Which engines to start when no address is set: Docker where it answers, else embedded ones.",
    )
    maven_repository: str = Field(
        "https://repo.maven.apache.org/maven2",
        description="Base URL of the Maven repository the embedded engines come from.",
    )
    cache_dir: Path = Field(
        Path(platformdirs.user_cache_dir("hubstat", use_site_for_root=True)) / "engines",
        description="Where fetched and verified engine files are kept, shared by all checkouts of a user.",
    )
    data_dir: Path = Field(
        Path(platformdirs.user_state_dir("hubstat", use_site_for_root=True)) / "engines",
        description="Data, logs and run file of the embedded engines.",
    )
    keep_data: bool = Field(
        True, description="Keep the engines' data between runs; off: it is thrown away at each start."
    )
    user: str | None = Field(
        None, description="Unprivileged user the engines run as when started by root; unset: one is picked (nobody)."
    )
    elasticsearch_port: Port | None = Field(None, description="Port of the embedded Elasticsearch; unset: a free one.")
    kafka_port: Port | None = Field(None, description="Port of the embedded Kafka; unset: a free one.")
    elasticsearch_heap_mb: int = Field(1024, ge=256, description="Heap of the embedded Elasticsearch, MiB.")
    kafka_heap_mb: int = Field(512, ge=128, description="Heap of the embedded Kafka, MiB.")
    start_timeout_seconds: float = Field(
        120.0, gt=0, description="How long an engine may take to answer after its start."
    )


class ElasticsearchSettings(_Part):
    """The Elasticsearch that holds everything that must last."""

    url: str | None = Field(None, description="Address of Elasticsearch; unset: the engines of this machine.")
    username: str | None = Field(None, description="User name for basic authentication.")
    password: SecretStr | None = Field(None, description="Password for basic authentication.")
    api_key: SecretStr | None = Field(None, description="API key, instead of user name and password.")
    ca_certs: Path | None = Field(None, description="CA bundle that signs the server's certificate.")
    request_timeout_seconds: float = Field(30.0, gt=0, description="How long one request may take.")
    shards: int = Field(1, ge=1, description="Primary shards of each index.")
    replicas: int = Field(0, ge=0, description="Replicas of each index.")
    refresh_seconds: float = Field(
        1.0, ge=0.1, description="How often written documents become visible to searches; less often in catch-up."
    )

    @field_validator("url")
    @classmethod
    def _without_password(cls, value: str | None) -> str | None:
        # Addresses are printed and logged.
        if value is not None and "@" in value:
            raise ValueError("the address holds a user or password: set USERNAME and PASSWORD beside it instead")
        return value


class KafkaSettings(_Part):
    """The Kafka that carries the events."""

    bootstrap_servers: str | None = Field(None, description="host:port,… of Kafka; unset: the engines of this machine.")
    partitions: int = Field(8, ge=1, description="Partitions of each topic that hubstat creates.")
    replication_factor: int = Field(1, ge=1, description="Replicas of each topic that hubstat creates.")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How connections to Kafka are secured."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None, description="SASL mechanism."
    )
    sasl_username: str | None = Field(None, description="SASL user name.")
    sasl_password: SecretStr | None = Field(None, description="SASL password.")
    ca_certs: Path | None = Field(None, description="CA bundle that signs the brokers' certificates.")


class IngestSettings(_Part):
    """The worker that turns events into documents."""

    trust_received_at: bool | None = Field(
        None, description="Honour a record's received-at header as received time; unset: only on embedded engines."
    )
    worker_id: str = Field(
        "1", pattern=r"^[0-9A-Za-z_.-]{1,64}$", description="Unique and stable name of this worker in its group."
    )
    static_membership: bool = Field(
        True, description="Keep a worker's partitions over its restart (static membership)."
    )
    lanes: int = Field(2, ge=1, description="Concurrent flushes; partitions are split between them.")
    chunk_records: int = Field(2000, ge=1, description="Records handed over at once.")
    buffer_mb: int = Field(16, ge=1, description="Records read ahead of the flushes, MiB over all partitions.")
    cache_mb: int = Field(512, ge=1, description="Current documents kept in memory, MiB.")
    invoice_write_seconds: float = Field(
        0.25, ge=0, description="Least time between two writes of a lane of invoices, which gathers records meanwhile."
    )
    friend_write_seconds: float = Field(2.0, ge=0, description="Least time between two writes of one Friend document.")
    session_timeout_seconds: float = Field(10.0, gt=0, description="How long Kafka waits for a silent worker.")
    stop_deadline_seconds: float = Field(
        12.0, gt=0, description="How long a stop may take before the process ends itself."
    )
    stuck_seconds: float = Field(
        300.0,
        gt=0,
        description="Age of the oldest unwritten chunk at which the worker ends itself, but while it retries a write.",
    )
    metrics_host: str = Field(
        "127.0.0.1", description="Address that serves /metrics and /health, which ask for no password."
    )
    metrics_port: Port | None = Field(
        None, description="Port of /metrics and /health; unset: a free one, shown by `hubstat ingest-status`."
    )
    unhealthy_lag_seconds: float = Field(
        60.0, gt=0, description="How far behind (age of the time before which all is written) a worker is unhealthy."
    )


class RollupSettings(_Part):
    """The roll-up of closed days."""

    interval_seconds: float = Field(5.0, gt=0, description="Time between two looks at what has to be rolled up.")
    quiet_seconds: float = Field(
        5.0, ge=0, description="How long a marked date must have been left alone before it is rolled up again."
    )
    audit: bool = Field(True, description="Audit each date by itself once it has closed and is rolled up.")


class DashboardSettings(_Part):
    """The web dashboard."""

    host: str = Field("127.0.0.1", description="Address to listen on; only loopback until a login exists.")
    port: Port | None = Field(None, description="Port to listen on; unset: 8050, or a free one where that is taken.")
    refresh_seconds: float = Field(2.0, ge=1.0, description="Time between two refreshes of a live board.")
    language: Literal["ko", "en"] = Field("ko", description="Language of a first visit.")

    @field_validator("host")
    @classmethod
    def _loopback(cls, value: str) -> str:
        if value not in _LOOPBACK:
            raise ValueError("the dashboard has no login yet and listens on loopback only: use 127.0.0.1")
        return value


class SmtpSettings(_Part):
    """The mail server that takes the reports."""

    host: str | None = Field(
        None,
        description="Name of the mail server; unset: mails are kept on this machine and shown at the board's /mails.",
    )
    port: Port | None = Field(None, description="Its port; unset: 587 with starttls, 465 with tls, 25 with none.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection is secured; none only where the network itself is trusted."
    )
    username: str | None = Field(None, description="User name to log in with; unset: no login.")
    password: SecretStr | None = Field(None, description="Password to log in with.")
    ca_certs: Path | None = Field(
        None, description="CA bundle that signs the server's certificate; unset: the system's."
    )
    timeout_seconds: float = Field(30.0, gt=0, description="How long the server may take for one answer.")
    connections: int = Field(4, ge=1, description="Connections used at once.")
    messages_per_connection: int = Field(100, ge=1, description="Mails handed over before a connection is made anew.")


class ReportSettings(_Part):
    """The mailed reports. Schedules are cron lines in the zone of the network; empty: that report is not sent."""

    sender: str = Field("hubstat <hubstat@localhost>", description="Who the mails are from: name <address>.")
    owner: str | None = Field(None, description="Address that is told of mails that failed; unset: only the log is.")
    board_url: str | None = Field(
        None,
        description="Address of the board in mails, https://host; unset: this machine's, with SMTP__HOST an error.",
    )
    secret: SecretStr | None = Field(
        None, description="Signs the links to unsubscribe; must be set with SMTP__HOST. Unset: a generated one."
    )
    allowed_domains: tuple[str, ...] = Field(
        (), description="Domains of addresses that a single report may be sent to without a subscription, as JSON."
    )
    daily_provisional: str = Field("0 22 * * *", description="When the provisional report of the day goes out.")
    daily_final: str = Field(
        "30 12 * * *", description="When the final report of the day before goes out; a day closes at noon."
    )
    hourly_digest: str = Field("0 9-23 * * *", description="When the digest of the running day goes out.")
    wave_close: bool = Field(True, description="Send a report at the deadline of each wave.")
    settle_seconds: float = Field(
        60.0, ge=0, description="How long after its time a report still takes in what happened before it."
    )
    wait_minutes: float = Field(
        30.0,
        ge=0,
        description="How long a report waits for data that are missing, before it goes out marked incomplete.",
    )
    late_minutes: float = Field(
        60.0, gt=0, description="A report that goes out so long after its time for want of a scheduler is marked late."
    )
    catch_up_days: int = Field(7, ge=1, description="Reports missed longer ago than that are not made up for at all.")
    attempts: int = Field(8, ge=1, description="How often a mail is tried before it has failed.")
    first_pause_seconds: float = Field(
        30.0, gt=0, description="Pause before the second try; each further one is twice as long, up to half an hour."
    )
    attachment_mb: float = Field(
        5.0,
        ge=0,
        description="A larger file is not attached: the mail links to the board's export instead. 0: none is attached.",
    )

    @field_validator("daily_provisional", "daily_final", "hourly_digest")
    @classmethod
    def _cron(cls, value: str) -> str:
        if value:
            try:
                CronSim(value, datetime(2026, 1, 1, tzinfo=UTC))
            except CronSimError as error:
                raise ValueError(f"{value!r} is no cron line such as '30 12 * * *' ({error})") from None
        return value

    @field_validator("sender")
    @classmethod
    def _sender(cls, value: str) -> str:
        if not re.fullmatch(r"[^<>\r\n]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+", value):
            raise ValueError("give it as name <address>")
        return value


class Settings(BaseSettings):
    """Every setting of hubstat. Environment: ``HUBSTAT_`` + name, parts joined by ``__``."""

    model_config = SettingsConfigDict(env_prefix="HUBSTAT_", env_nested_delimiter="__", frozen=True, extra="forbid")

    namespace: str = Field(
        "hubstat", description="Keeps topics, indices and process files of one installation apart from another's."
    )
    country: Literal["KR", "TW"] = Field(
        "KR", description="Country of the network; its zone is used where an event names no camp."
    )
    state_dir: Path = Field(
        Path(platformdirs.user_state_dir("hubstat")),
        description="Run files and logs of the processes that hubstat starts.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severity that is logged."
    )
    engines: EngineSettings = Field(default_factory=EngineSettings, description="Embedded engines.")
    elasticsearch: ElasticsearchSettings = Field(default_factory=ElasticsearchSettings, description="Elasticsearch.")
    kafka: KafkaSettings = Field(default_factory=KafkaSettings, description="Kafka.")
    ingest: IngestSettings = Field(default_factory=IngestSettings, description="Ingest worker.")
    rollup: RollupSettings = Field(default_factory=RollupSettings, description="Roll-up of closed days.")
    dashboard: DashboardSettings = Field(default_factory=DashboardSettings, description="Dashboard.")
    smtp: SmtpSettings = Field(default_factory=SmtpSettings, description="Mail server.")
    reports: ReportSettings = Field(default_factory=ReportSettings, description="Mailed reports.")

    @field_validator("namespace")
    @classmethod
    def _namespace(cls, value: str) -> str:
        # No hyphen: "<namespace>-" then is never the beginning of another namespace's names.
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", value):
            raise ValueError("a namespace is 1 to 32 of a-z 0-9 _ and begins with a letter")
        return value

    @property
    def namespace_dir(self) -> Path:
        """Folder of this namespace's run file and logs."""
        return self.state_dir / "namespaces" / self.namespace

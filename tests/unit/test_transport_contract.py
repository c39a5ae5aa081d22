"""The private names of Faust, mode and aiokafka that the transport leans on. A new version fails here first."""

import importlib.metadata
import inspect

import faust.transport
import pytest
from aiokafka.conn import collect_hosts, create_conn
from aiokafka.consumer import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import Assignment, Subscription, SubscriptionState, TopicPartitionState
from faust.app import App
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.threads import QueueServiceThread, ServiceThread

from ingest.transport.consumer import Consumer
from ingest.transport.driver import Producer, Transport
from ingest.transport.thread import ConsumerThread


@pytest.mark.parametrize(
    ("package", "version"), [("faust-streaming", "0.15.3"), ("aiokafka", "0.14.0"), ("mode-streaming", "0.7.1")]
)
def test_versions_that_were_read(package: str, version: str) -> None:
    assert importlib.metadata.version(package) == version


def test_entry_point_gives_our_transport() -> None:
    assert faust.transport.by_url("chunked://127.0.0.1:9092") is Transport
    assert Transport.Consumer is Consumer
    assert Transport.Producer is Producer


@pytest.mark.parametrize(
    ("ours", "theirs", "names"),
    [
        (
            Consumer,
            driver.Consumer,
            [
                "_new_consumer_thread",
                "_drain_messages",
                "on_partitions_revoked",
                "on_partitions_assigned",
                "force_commit",
                "wait_empty",
                "on_stop",
                "ack",
                "track_message",
                "verify_event_path",
                "close",
            ],
        ),
        (
            ConsumerThread,
            driver.AIOKafkaConsumerThread,
            ["_fetch_records", "_create_worker_consumer", "seek_to_committed", "__post_init__"],
        ),
        (Producer, driver.Producer, ["_settings_extra"]),
    ],
)
def test_what_we_override_exists_with_the_same_parameters(ours: type, theirs: type, names: list[str]) -> None:
    for name in names:
        assert name in vars(ours), name
        mine = list(inspect.signature(vars(ours)[name]).parameters)
        assert mine == list(inspect.signature(getattr(theirs, name)).parameters), name


def test_every_way_of_faust_to_commit_ends_in_what_we_override() -> None:
    """Faust's commit task, its stop and its rebalance reach Kafka through these alone."""
    source = inspect.getsource(faust_consumer.Consumer)
    assert source.count("self._commit_tps(") == 1
    assert "_commit_tps" in inspect.getsource(faust_consumer.Consumer.force_commit)
    assert source.count("self._commit(") == 1
    assert "self._commit(" in inspect.getsource(faust_consumer.Consumer._commit_offsets)
    assert source.count("self._commit_offsets(") == 1
    assert "self._commit_offsets(" in inspect.getsource(faust_consumer.Consumer._commit_tps)


def test_thread_has_what_we_call() -> None:
    for name in ("_ensure_consumer", "getmany", "_consumer"):
        assert hasattr(ConsumerThread, name), name
    assert "_fetch_records" in inspect.getsource(driver.AIOKafkaConsumerThread.getmany)
    assert "flow_active" in inspect.getsource(driver.AIOKafkaConsumerThread._fetch_records)
    assert hasattr(QueueServiceThread, "call_thread")
    assert {"_position_lock", "_commit_lock"}.isdisjoint(dir(driver.AIOKafkaConsumerThread))
    source = inspect.getsource(faust_consumer.Consumer._reset_state)
    for name in ("_active_partitions", "flow_active", "can_resume_flow"):
        assert f"self.{name}" in source


def test_faust_takes_a_cancelled_fetcher_in_a_rebalance_for_a_crash() -> None:
    """So we end the reading without the cancellation where the fetcher is being stopped."""
    source = inspect.getsource(faust_consumer.Fetcher)
    assert "consumer._drain_messages(self)" in source
    assert source.index("if self.app.rebalancing") < source.index("self.crash(exc)")
    assert "fetcher.should_stop" in inspect.getsource(Consumer._drain_messages)


def test_without_polls_aiokafka_leaves_the_group_and_does_not_join_again() -> None:
    assert "fetcher_idle_time" in inspect.getsource(GroupCoordinator._heartbeat_routine)
    assert "fetcher_idle_time" in inspect.getsource(GroupCoordinator.ensure_active_group)
    assert "_last_fetch_ended" in inspect.getsource(SubscriptionState.fetch_context)
    assert "thread_loop" in ServiceThread.__init__.__code__.co_names


def test_a_connection_of_our_own_says_why_a_client_cannot_start() -> None:
    assert list(inspect.signature(create_conn).parameters)[:2] == ["host", "port"]
    assert [(host, port) for host, port, _ in collect_hosts("a:1,b:2", randomize=False)] == [("a", 1), ("b", 2)]


def test_recovery_seeks_before_it_lets_the_flow_resume() -> None:
    from faust.tables.recovery import Recovery

    source = inspect.getsource(Recovery._resume_streams)
    assert 0 < source.index("perform_seek") < source.index("resume_flow()")
    assert "self.seek_to_committed()" in inspect.getsource(faust_consumer.Consumer.perform_seek)


def test_assignment_is_announced_by_a_signal_before_the_flow_resumes() -> None:
    assert "self.on_partitions_assigned.send" in inspect.getsource(App._on_partitions_assigned)


def test_aiokafka_names() -> None:
    assert {"_subscription", "_fetcher"} <= set(AIOKafkaConsumer.__init__.__code__.co_names)
    assert "_subscriptions" in Fetcher.__init__.__code__.co_names
    assert isinstance(inspect.getattr_static(SubscriptionState, "subscription"), property)
    assert isinstance(inspect.getattr_static(Subscription, "assignment"), property)
    assert isinstance(inspect.getattr_static(TopicPartitionState, "position"), property)
    assert isinstance(inspect.getattr_static(TopicPartitionState, "has_valid_position"), property)
    assert callable(SubscriptionState.fetch_context)
    assert callable(Assignment.state_value)


def test_a_fetch_returns_in_the_tick_in_which_it_moves_the_position() -> None:
    """No await may stand between ``getall``, which moves the position, and the return to our registration."""
    source = inspect.getsource(Fetcher.fetched_records)
    after = source[source.index("getall(") :]
    assert "await" not in after[: after.index("return drained\n\n            waiter")]


def test_topic_partitions_of_faust_and_aiokafka_are_the_same_key() -> None:
    from aiokafka import TopicPartition

    assert TP("t", 1) == TopicPartition("t", 1)
    assert hash(TP("t", 1)) == hash(TopicPartition("t", 1))


def test_producer_partitions_like_every_other_client() -> None:
    """Friend activity must go to the partition of the Friend's own events."""
    assert "DefaultPartitioner()" in inspect.getsource(driver.Producer.__post_init__)
    assert callable(driver.Producer._ensure_producer)


def test_producer_retries_for_ever_and_in_order() -> None:
    assert Producer._settings_extra(object()) == {"acks": "all", "enable_idempotence": True}

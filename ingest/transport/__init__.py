"""Faust's Kafka transport, rebuilt to hand over chunks of records and to own the offset accounting."""

"""What a worker tells of itself: metrics, health, and a report in Elasticsearch every second."""

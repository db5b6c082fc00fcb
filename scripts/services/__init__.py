"""Starts PostgreSQL and RabbitMQ beside a checkout, for developers and tests; needs nothing but Python 3.11."""

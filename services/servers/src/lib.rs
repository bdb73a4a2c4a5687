//! Real servers for tests: nats-server, PostgreSQL, and a proxy that cuts.

//! The pods' commands, environment and configuration files, rendered from the manifests and started as processes: three
//! NATS servers, PostgreSQL, state services and gateways.
//!
//! What the cluster's network, its file system and the kubelet do is done here; all else is the manifests'. Nothing listens
//! where traces go.

mod deployment;
mod image;
mod kubelet;
mod pod;
mod pod_plan;
mod render;
mod service;

mod away;
mod backup;
mod logins;
mod order;
mod rolling;

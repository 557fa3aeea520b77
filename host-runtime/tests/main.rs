//! The host library as an application uses it: real tracers, real HTTP on loopback.

mod common;

mod concurrency;
mod delivery;
mod destination;
mod evaluations;
mod exporter;
mod failure;
mod long;
mod losses;
mod memory;
mod notices;
mod processor;
mod propagation;
mod recording;
mod sampling;
#[cfg(target_os = "linux")]
mod signals;
#[cfg(unix)]
mod unix_socket;

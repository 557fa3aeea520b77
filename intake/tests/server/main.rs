//! The real program over real HTTP: who may ask it, what it bears, and what survives it.

mod client;
mod connections;
mod durability;
mod early;
mod evaluations;
mod guard;
mod limits;
mod live;
mod memory;
mod partial;
mod together;

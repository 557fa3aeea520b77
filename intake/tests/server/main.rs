//! The real program over real HTTP: who may ask it, what it bears, and what survives it.

mod client;
mod durability;
mod evaluations;
mod guard;
mod limits;
mod live;

//! What depends on time, apart from all that would take the cores away meanwhile.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;
mod load;
mod overload;

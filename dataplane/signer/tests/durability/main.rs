//! What the store keeps when the machine doesn't: power cut at any moment, disks
//! that fill up or refuse, flipped bits, kill -9. Short forms run by themselves; the
//! long ones are `#[ignore]`d, with their commands in docs/security.md.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod callers;
#[path = "../common/mod.rs"]
mod common;
mod crash;
mod faults;
mod flips;
mod kill;
mod model;
mod recorder;

//! What every native process of Gatehouse does alike. Nothing of what one of them is
//! for: no key, no socket, no limit.

pub mod hardening;
pub mod log;
pub mod notify;

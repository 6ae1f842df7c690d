//! A backup: every key of one moment, or some, with its private halves, encrypted to the
//! recovery recipient alone. `content` is its form, `key` what a key is in it. Knows
//! nothing of calls.

pub mod content;
pub mod key;

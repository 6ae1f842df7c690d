//! What every connection shares while one of them is driven, and what that came to.

use std::time::Instant;

use crate::back::BackPlace;
use crate::bucket::Bucket;
use crate::generation::Generation;
use crate::metrics::Metrics;
use crate::peers::Peers;

pub struct World<'a> {
    pub now: Instant,
    pub generation: &'a Generation,
    pub handshakes: &'a mut Bucket,
    pub peers: &'a mut Peers,
    pub metrics: &'a mut Metrics,
    pub scratch: &'a mut [u8],
    pub back: BackPlace<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Drive it on the next event or at its deadline.
    Wait,
    /// Drive it again after the others.
    Again,
    /// There is no handshake left in this second: drive it again when there is.
    WaitForTurn,
    Gone,
}

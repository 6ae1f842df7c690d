// What is counted in the measured window: units (calls, or messages of a stream), latencies, errors.
use std::collections::BTreeMap;

use hdrhistogram::Histogram;

/// Longest latency that is told apart, ns.
const MAX_LATENCY_NS: u64 = 60_000_000_000;
/// Kinds of errors kept apart.
const MAX_ERROR_KINDS: usize = 20;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Warmup,
    Measured,
    /// What is in flight may end; nothing new begins.
    Draining,
}

pub struct Meter {
    pub phase: Phase,
    /// Now, ns since the run began; set once a turn of the loop.
    pub now_ns: u64,
    pub units: u64,
    pub latencies: Histogram<u64>,
    pub errors: BTreeMap<String, u64>,
    /// Latencies from here on count; open loop: by when a call should have begun.
    pub measured_from_ns: u64,
    pub measured_to_ns: u64,
    pub open_loop: bool,
}

impl Meter {
    pub fn new(open_loop: bool) -> Result<Self, String> {
        Ok(Self {
            phase: Phase::Warmup,
            now_ns: 0,
            units: 0,
            latencies: Histogram::new_with_bounds(1, MAX_LATENCY_NS, 3)
                .map_err(|error| error.to_string())?,
            errors: BTreeMap::new(),
            measured_from_ns: u64::MAX,
            measured_to_ns: u64::MAX,
            open_loop,
        })
    }

    /// A call ended well and brought so many units.
    pub fn call(&mut self, began_ns: u64, units: u64) {
        let counts = match self.open_loop {
            // By its start, so that what is slow at the end of the window is not left out.
            true => (self.measured_from_ns..self.measured_to_ns).contains(&began_ns),
            false => self.phase == Phase::Measured,
        };
        if counts {
            self.latencies
                .saturating_record((self.now_ns - began_ns).max(1));
        }
        self.count(units);
    }

    /// A message came whole.
    pub fn unit(&mut self) {
        self.count(1);
    }

    fn count(&mut self, units: u64) {
        if self.phase == Phase::Measured {
            self.units += units;
        }
    }

    pub fn error(&mut self, what: impl Into<String>) {
        let what = what.into();
        if self.errors.len() < MAX_ERROR_KINDS || self.errors.contains_key(&what) {
            *self.errors.entry(what).or_insert(0) += 1;
        }
    }
}

//! The two clocks: one that nobody sets, for waiting, and one that says the date, which
//! counts only while the agent knows that it is right.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Nanoseconds since the first call.
#[must_use]
pub fn monotonic_ns(now: Instant) -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let start = *START.get_or_init(Instant::now);
    u64::try_from(now.saturating_duration_since(start).as_nanos()).unwrap_or(u64::MAX)
}

/// Milliseconds since the Unix epoch; 0 before it.
#[must_use]
pub fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

/// Whether the appliance knows the time, as the agent last said it. Nothing is destroyed
/// by the clock before.
#[derive(Default)]
pub struct Known(AtomicBool);

impl Known {
    pub fn set(&self, known: bool) {
        if self.get() != known {
            self.0.store(known, Ordering::Relaxed);
        }
    }

    #[must_use]
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

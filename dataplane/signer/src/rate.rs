//! How many signatures a key gives in a second: the generic cell rate algorithm (ITU-T
//! I.371, A.1) with a second's worth at once. One number, changed without a lock. Knows
//! only a monotonic clock: a wall clock that is set gives nobody a signature more.

use std::sync::atomic::{AtomicU64, Ordering};

const SECOND_NS: u64 = 1_000_000_000;

/// Shared by all who sign with one key.
pub struct Bucket {
    per_second: u32,
    /// When the bucket is full again, on the clock of the callers.
    full_at_ns: AtomicU64,
}

impl Bucket {
    /// None for 0, which doesn't restrict.
    #[must_use]
    pub fn new(per_second: u32) -> Option<Self> {
        (per_second != 0).then_some(Self {
            per_second,
            full_at_ns: AtomicU64::new(0),
        })
    }

    #[must_use]
    pub fn per_second(&self) -> u32 {
        self.per_second
    }

    /// Takes one signature out.
    ///
    /// # Errors
    /// After how many milliseconds there is one.
    pub fn take(&self, now_ns: u64) -> Result<(), u32> {
        let mut full_at = self.full_at_ns.load(Ordering::Relaxed);
        loop {
            let next = full_at.max(now_ns).saturating_add(self.interval_ns());
            let over_ns = next.saturating_sub(now_ns).saturating_sub(SECOND_NS);
            if over_ns > 0 {
                return Err(u32::try_from(over_ns.div_ceil(1_000_000)).unwrap_or(u32::MAX));
            }
            let swapped = self.full_at_ns.compare_exchange_weak(
                full_at,
                next,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            match swapped {
                Ok(_) => return Ok(()),
                Err(now) => full_at = now,
            }
        }
    }

    /// Puts one back: it was taken for an item of which nothing was signed.
    pub fn give_back(&self) {
        let interval = self.interval_ns();
        let _ = self
            .full_at_ns
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
                Some(full_at.saturating_sub(interval))
            });
    }

    fn interval_ns(&self) -> u64 {
        SECOND_NS / u64::from(self.per_second.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 5 * SECOND_NS;

    fn taken(bucket: &Bucket, now_ns: u64, tries: u32) -> u32 {
        (0..tries)
            .map(|_| u32::from(bucket.take(now_ns).is_ok()))
            .sum()
    }

    #[test]
    fn a_seconds_worth_comes_at_once_and_then_one_an_interval() {
        let bucket = Bucket::new(10).unwrap();
        assert_eq!(taken(&bucket, START, 20), 10);
        assert_eq!(bucket.take(START), Err(100));
        assert_eq!(taken(&bucket, START + SECOND_NS / 10, 20), 1);
        assert_eq!(taken(&bucket, START + 100 * SECOND_NS, 20), 10);
    }

    #[test]
    fn what_was_not_signed_is_given_back() {
        let bucket = Bucket::new(1).unwrap();
        assert_eq!(taken(&bucket, START, 2), 1);
        bucket.give_back();
        assert_eq!(taken(&bucket, START, 2), 1);
    }

    #[test]
    fn no_second_has_more_than_twice_its_worth_however_it_is_asked() {
        let bucket = Bucket::new(7).unwrap();
        let asked = (0..1000).map(|step| START + step * (SECOND_NS / 1000));
        let got: u32 = asked.map(|now| taken(&bucket, now, 3)).sum();
        assert!((13..=14).contains(&got), "{got}");
    }

    #[test]
    fn none_is_no_restriction() {
        assert!(Bucket::new(0).is_none());
    }
}

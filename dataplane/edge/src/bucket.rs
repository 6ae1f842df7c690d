//! A token bucket: so many a second, saved up for one second at most. No clock
//! inside; the caller says what time it is.

use std::time::{Duration, Instant};

pub struct Bucket {
    per_second: f64,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    #[must_use]
    pub fn new(per_second: u32, now: Instant) -> Self {
        let per_second = f64::from(per_second.max(1));
        Self {
            per_second,
            tokens: per_second,
            at: now,
        }
    }

    /// Takes one token, if there is one.
    pub fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.tokens = (self.tokens + passed * self.per_second).min(self.per_second);
        let there = self.tokens >= 1.0;
        if there {
            self.tokens -= 1.0;
        }
        there
    }

    /// How long until the next token, counted from the last `take`.
    #[must_use]
    pub fn wait(&self) -> Duration {
        Duration::from_secs_f64(((1.0 - self.tokens) / self.per_second).max(0.000_1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_gives_so_many_and_no_more_are_saved_up() {
        let start = Instant::now();
        let mut bucket = Bucket::new(3, start);
        let take = |bucket: &mut Bucket, ms: u64| bucket.take(start + Duration::from_millis(ms));
        assert!((0..3).all(|_| take(&mut bucket, 0)));
        assert!(!take(&mut bucket, 0));
        assert!(bucket.wait() <= Duration::from_millis(334));
        assert!(take(&mut bucket, 334));
        assert!(!take(&mut bucket, 335));
        assert_eq!((0..9).filter(|_| take(&mut bucket, 60_000)).count(), 3);
        // A clock that goes back gives nothing.
        assert!(!take(&mut bucket, 100));
    }
}

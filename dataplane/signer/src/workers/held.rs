//! Items that a thread has done and not yet answered. An answer wakes the signer's reader,
//! the agent and, through it, every connection that waits: at full load that costs more
//! than a signature, so while more work waits answers leave together. They are held for a
//! bounded time, and never by a thread that has nothing else to do.

use std::time::{Duration, Instant};

use super::Job;
use crate::limits::{MAX_HELD_ITEMS, MAX_HOLD};

pub struct Held<J> {
    done: Vec<J>,
    /// When the first of them was done.
    since: Option<Instant>,
}

impl<J: Job> Held<J> {
    pub fn new() -> Self {
        Self {
            done: Vec::new(),
            since: None,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.done.is_empty()
    }

    pub fn keep(&mut self, job: J, now: Instant) {
        self.since.get_or_insert(now);
        self.done.push(job);
    }

    /// Whether what is held may wait for `items` more that take that long.
    pub fn may_wait(&self, items: usize, takes: Duration, now: Instant) -> bool {
        let held = self
            .since
            .map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        held + takes <= MAX_HOLD && self.done.len() + items <= MAX_HELD_ITEMS
    }

    pub fn answer(&mut self) {
        self.since = None;
        if !self.done.is_empty() {
            J::answer(std::mem::take(&mut self.done));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::policy::Rule;
    use crate::workers::Lane;
    use std::sync::mpsc;

    /// Sends the number of those that are answered with it.
    struct Fake(mpsc::Sender<usize>);

    impl Job for Fake {
        fn lane(&self) -> Lane {
            Lane::Curves
        }
        fn cost_us(&self) -> u64 {
            13
        }
        fn data_bytes(&self) -> usize {
            0
        }
        fn deadline(&self) -> Option<Instant> {
            None
        }
        fn run(&mut self, _: Instant) {}
        fn refuse(&mut self, _: Rule, _: u32) {}
        fn answer(done: Vec<Self>) {
            done[0].0.send(done.len()).unwrap();
        }
    }

    #[test]
    fn what_is_held_leaves_together_and_once() {
        let (send, answers) = mpsc::channel();
        let now = Instant::now();
        let mut held = Held::new();
        for _ in 0..3 {
            held.keep(Fake(send.clone()), now);
        }
        held.answer();
        held.answer();
        assert!(held.is_empty());
        assert_eq!(answers.try_iter().collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn it_waits_for_no_longer_than_the_bound_counted_from_the_first() {
        let (send, _answers) = mpsc::channel();
        let first = Instant::now();
        let us = Duration::from_micros;
        let mut held = Held::new();
        held.keep(Fake(send.clone()), first);
        held.keep(Fake(send.clone()), first + us(400));
        let now = first + us(500);
        assert!(held.may_wait(1, MAX_HOLD - us(500), now));
        assert!(!held.may_wait(1, MAX_HOLD - us(499), now));
        held.answer();
        held.keep(Fake(send), now);
        assert!(held.may_wait(1, MAX_HOLD, now));
    }

    #[test]
    fn it_waits_for_no_more_than_fit_one_response() {
        let (send, _answers) = mpsc::channel();
        let now = Instant::now();
        let mut held = Held::new();
        for _ in 1..MAX_HELD_ITEMS {
            held.keep(Fake(send.clone()), now);
        }
        assert!(held.may_wait(1, Duration::ZERO, now));
        assert!(!held.may_wait(2, Duration::ZERO, now));
    }
}

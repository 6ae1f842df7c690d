//! Items that a thread has done and not yet answered. An answer wakes the signer's reader,
//! the agent and, through it, every connection that waits: at full load that costs more
//! than a signature, so while more work waits answers leave together. They are held for a
//! bounded time, never past a deadline, and never by a thread that has nothing else to do.

use std::time::{Duration, Instant};

use super::Job;
use crate::limits::{MAX_HELD_ITEMS, MAX_HOLD, MIN_HOLD};

/// What an item that has waited is held for at most, of that time.
const SHARE_OF_WAIT: u32 = 2;

pub struct Held<J> {
    done: Vec<J>,
    /// When they are to leave, none where there are none.
    until: Option<Instant>,
}

impl<J: Job> Held<J> {
    pub fn new() -> Self {
        Self {
            done: Vec::new(),
            until: None,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.done.is_empty()
    }

    pub fn keep(&mut self, job: J, now: Instant) {
        let waited = now.saturating_duration_since(job.arrived());
        let until = now + (waited / SHARE_OF_WAIT).clamp(MIN_HOLD, MAX_HOLD);
        let until = job.deadline().map_or(until, |deadline| deadline.min(until));
        self.until = Some(self.until.map_or(until, |before| before.min(until)));
        self.done.push(job);
    }

    /// Whether what is held may wait for `items` more that take that long.
    pub fn may_wait(&self, items: usize, takes: Duration, now: Instant) -> bool {
        self.until.is_none_or(|until| now + takes <= until)
            && self.done.len() + items <= MAX_HELD_ITEMS
    }

    pub fn answer(&mut self) {
        self.until = None;
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

    struct Fake {
        arrived: Instant,
        deadline: Option<Instant>,
        /// Hears how many are answered with it.
        answers: mpsc::Sender<usize>,
    }

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
        fn arrived(&self) -> Instant {
            self.arrived
        }
        fn deadline(&self) -> Option<Instant> {
            self.deadline
        }
        fn run(&mut self, _: Instant) {}
        fn refuse(&mut self, _: Rule, _: u32) {}
        fn answer(done: Vec<Self>) {
            done[0].answers.send(done.len()).unwrap();
        }
    }

    const US: Duration = Duration::from_micros(1);

    /// Of one that was done after it has waited so long, with so much time left.
    fn held(waited: Duration, left: Option<Duration>, now: Instant) -> Held<Fake> {
        let mut held = Held::new();
        let (answers, _) = mpsc::channel();
        let (arrived, deadline) = (now - waited, left.map(|left| now + left));
        held.keep(
            Fake {
                arrived,
                deadline,
                answers,
            },
            now,
        );
        held
    }

    #[test]
    fn what_is_held_leaves_together_and_once() {
        let (send, answers) = mpsc::channel();
        let now = Instant::now();
        let mut held = Held::new();
        for _ in 0..3 {
            let (arrived, answers) = (now, send.clone());
            held.keep(
                Fake {
                    arrived,
                    deadline: None,
                    answers,
                },
                now,
            );
        }
        held.answer();
        held.answer();
        assert!(held.is_empty());
        assert_eq!(answers.try_iter().collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn an_item_is_held_for_a_share_of_what_it_waited_within_bounds() {
        let now = Instant::now() + Duration::from_secs(60);
        for (waited, longest) in [
            (Duration::ZERO, MIN_HOLD),
            (SHARE_OF_WAIT * (MIN_HOLD + US), MIN_HOLD + US),
            (Duration::from_secs(9), MAX_HOLD),
        ] {
            let held = held(waited, None, now);
            assert!(held.may_wait(1, longest, now), "{waited:?}");
            assert!(!held.may_wait(1, longest + US, now), "{waited:?}");
            assert!(!held.may_wait(1, longest, now + US), "{waited:?}");
        }
    }

    #[test]
    fn the_one_that_must_leave_first_counts_until_all_have_left() {
        let (answers, _heard) = mpsc::channel();
        let now = Instant::now() + Duration::from_secs(60);
        let mut held = Held::new();
        for arrived in [now - Duration::from_secs(9), now] {
            let answers = answers.clone();
            held.keep(
                Fake {
                    arrived,
                    deadline: None,
                    answers,
                },
                now,
            );
        }
        assert!(!held.may_wait(1, MIN_HOLD + US, now));
        held.answer();
        assert!(held.may_wait(1, Duration::from_secs(1), now));
    }

    #[test]
    fn nothing_is_held_past_its_deadline() {
        let now = Instant::now() + Duration::from_secs(60);
        let held = held(Duration::from_secs(9), Some(50 * US), now);
        assert!(held.may_wait(1, 50 * US, now));
        assert!(!held.may_wait(1, 51 * US, now));
    }

    #[test]
    fn no_more_are_held_than_fit_one_response() {
        let (send, _answers) = mpsc::channel();
        let now = Instant::now();
        let mut held = Held::new();
        for _ in 1..MAX_HELD_ITEMS {
            let (arrived, answers) = (now, send.clone());
            held.keep(
                Fake {
                    arrived,
                    deadline: None,
                    answers,
                },
                now,
            );
        }
        assert!(held.may_wait(1, Duration::ZERO, now));
        assert!(!held.may_wait(2, Duration::ZERO, now));
    }
}

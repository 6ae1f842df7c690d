//! The threads that sign. Items wait in two lanes, quick and slow, so that a
//! heap of RSA doesn't hold back P-256; neither lane can starve the other. A
//! panic while signing costs that item, not the process.

use std::collections::VecDeque;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::limits::{MAX_QUEUED_BYTES, MAX_QUEUED_ITEMS, QUICK_PER_SLOW, SLOW_DATA_BYTES};

/// One item on its way to a thread.
pub trait Job: Send + 'static {
    /// Size of the data that waits with it.
    fn data_bytes(&self) -> usize;
    /// Whether signing takes long whatever the data.
    fn is_slow(&self) -> bool;
    /// Signs and answers.
    fn run(self);
}

struct Lanes<J> {
    quick: VecDeque<J>,
    slow: VecDeque<J>,
    /// Quick items taken since the last slow one.
    quick_in_row: u32,
    bytes: usize,
    closed: bool,
}

impl<J: Job> Lanes<J> {
    fn new() -> Self {
        Self {
            quick: VecDeque::new(),
            slow: VecDeque::new(),
            quick_in_row: 0,
            bytes: 0,
            closed: false,
        }
    }

    fn push(&mut self, job: J) -> Result<(), J> {
        let bytes = job.data_bytes();
        let full = self.quick.len() + self.slow.len() >= MAX_QUEUED_ITEMS
            || self.bytes + bytes > MAX_QUEUED_BYTES;
        if full || self.closed {
            return Err(job);
        }
        self.bytes += bytes;
        if job.is_slow() || bytes >= SLOW_DATA_BYTES {
            self.slow.push_back(job);
        } else {
            self.quick.push_back(job);
        }
        Ok(())
    }

    fn pop(&mut self) -> Option<J> {
        let slow_is_due = self.quick.is_empty() || self.quick_in_row >= QUICK_PER_SLOW;
        let job = if slow_is_due && !self.slow.is_empty() {
            self.quick_in_row = 0;
            self.slow.pop_front()
        } else {
            self.quick_in_row = self.quick_in_row.saturating_add(1);
            self.quick.pop_front()
        }?;
        self.bytes -= job.data_bytes();
        Some(job)
    }
}

struct Shared<J> {
    lanes: Mutex<Lanes<J>>,
    waiting: Condvar,
}

impl<J> Shared<J> {
    /// No code that can panic runs under the lock, so a poisoned one is sound.
    fn lock(&self) -> MutexGuard<'_, Lanes<J>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One thread for each core; dropping it lets them finish what waits and end.
pub struct Workers<J: Job> {
    shared: Arc<Shared<J>>,
}

impl<J: Job> Workers<J> {
    /// # Errors
    /// When the machine has no thread left.
    pub fn start() -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            lanes: Mutex::new(Lanes::new()),
            waiting: Condvar::new(),
        });
        let workers = Self { shared };
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        for number in 0..threads {
            let shared = Arc::clone(&workers.shared);
            thread::Builder::new()
                .name(format!("sign-{number}"))
                .spawn(move || work(&shared))?;
        }
        Ok(workers)
    }

    /// Queues a batch under one lock and gives back what found no room.
    pub fn submit(&self, jobs: Vec<J>) -> Vec<J> {
        let mut refused = Vec::new();
        let mut queued = 0_usize;
        let mut lanes = self.shared.lock();
        for job in jobs {
            match lanes.push(job) {
                Ok(()) => queued += 1,
                Err(job) => refused.push(job),
            }
        }
        drop(lanes);
        match queued {
            0 => {}
            1 => self.shared.waiting.notify_one(),
            _ => self.shared.waiting.notify_all(),
        }
        refused
    }
}

impl<J: Job> Drop for Workers<J> {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.waiting.notify_all();
    }
}

fn work<J: Job>(shared: &Shared<J>) {
    loop {
        let mut lanes = shared.lock();
        let job = loop {
            if let Some(job) = lanes.pop() {
                break job;
            }
            if lanes.closed {
                return;
            }
            lanes = shared
                .waiting
                .wait(lanes)
                .unwrap_or_else(PoisonError::into_inner);
        };
        drop(lanes);
        // The job answers INTERNAL when it is dropped unanswered.
        let _ = catch_unwind(AssertUnwindSafe(|| job.run()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    struct Fake {
        name: &'static str,
        slow: bool,
        bytes: usize,
        ran: Option<mpsc::Sender<&'static str>>,
    }

    impl Job for Fake {
        fn data_bytes(&self) -> usize {
            self.bytes
        }
        fn is_slow(&self) -> bool {
            self.slow
        }
        fn run(self) {
            assert_ne!(self.name, "panics", "as the test wants");
            if let Some(ran) = self.ran {
                ran.send(self.name).unwrap();
            }
        }
    }

    fn fake(name: &'static str, slow: bool, bytes: usize) -> Fake {
        let ran = None;
        Fake {
            name,
            slow,
            bytes,
            ran,
        }
    }

    #[test]
    fn quick_items_pass_slow_ones_but_never_starve_them() {
        let mut lanes = Lanes::new();
        for _ in 0..3 {
            assert!(lanes.push(fake("slow", true, 0)).is_ok());
        }
        for _ in 0..100 {
            assert!(lanes.push(fake("quick", false, 0)).is_ok());
        }
        let order: Vec<_> = std::iter::from_fn(|| lanes.pop())
            .map(|job| job.name)
            .collect();
        assert_eq!(order.len(), 103);
        let places: Vec<_> = (0..order.len()).filter(|at| order[*at] == "slow").collect();
        assert_eq!(places, [16, 33, 50]);
    }

    #[test]
    fn an_item_with_much_data_counts_as_slow() {
        let mut lanes = Lanes::new();
        assert!(lanes.push(fake("big", false, SLOW_DATA_BYTES)).is_ok());
        assert!(lanes.push(fake("small", false, 1)).is_ok());
        assert_eq!(lanes.pop().unwrap().name, "small");
    }

    #[test]
    fn the_queue_is_bounded_in_items_and_in_bytes() {
        let mut lanes = Lanes::new();
        for _ in 0..MAX_QUEUED_ITEMS {
            assert!(lanes.push(fake("", false, 0)).is_ok());
        }
        assert!(lanes.push(fake("", true, 0)).is_err());
        let mut lanes = Lanes::new();
        assert!(lanes.push(fake("", false, MAX_QUEUED_BYTES)).is_ok());
        assert!(lanes.push(fake("", false, 1)).is_err());
        lanes.pop();
        assert!(lanes.push(fake("", false, 1)).is_ok());
    }

    #[test]
    fn a_panic_costs_its_item_and_not_the_thread() {
        let workers = Workers::start().unwrap();
        let (send, ran) = mpsc::channel();
        let mut jobs: Vec<_> = (0..20).map(|_| fake("panics", false, 0)).collect();
        jobs.push(Fake {
            name: "after",
            slow: false,
            bytes: 0,
            ran: Some(send),
        });
        assert!(workers.submit(jobs).is_empty());
        assert_eq!(ran.recv_timeout(Duration::from_secs(10)).unwrap(), "after");
    }
}

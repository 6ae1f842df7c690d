//! The threads that sign, one a core. Each takes a turn's worth of items under one lock,
//! signs them, and hands what it has done in some turns to be answered together. A panic
//! while signing costs that item, not the process.

mod held;
mod lanes;
#[cfg(test)]
mod tests;

pub use lanes::Lane;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use crate::cores::cores;
use crate::policy::Rule;
use held::Held;
use lanes::{Lanes, Turn};

/// One item on its way to a thread.
pub trait Job: Send + Sized + 'static {
    fn lane(&self) -> Lane;
    /// What it should take, in microseconds.
    fn cost_us(&self) -> u64;
    /// Size of the data that waits with it.
    fn data_bytes(&self) -> usize;
    /// When it came.
    fn arrived(&self) -> Instant;
    /// When it is too late to have it done.
    fn deadline(&self) -> Option<Instant>;
    /// Signs, and keeps what comes of it.
    fn run(&mut self, begun: Instant);
    /// Keeps why it was not signed.
    fn refuse(&mut self, rule: Rule, retry_after_ms: u32);
    /// The one place at which items are answered, each of them once.
    fn answer(done: Vec<Self>);
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

/// Dropping it lets the threads finish what waits and end.
pub struct Workers<J: Job> {
    shared: Arc<Shared<J>>,
}

impl<J: Job> Workers<J> {
    /// # Errors
    /// When the machine has no thread left.
    pub fn start() -> std::io::Result<Self> {
        let threads = cores();
        let shared = Arc::new(Shared {
            lanes: Mutex::new(Lanes::new(threads)),
            waiting: Condvar::new(),
        });
        let workers = Self { shared };
        for number in 0..threads {
            let shared = Arc::clone(&workers.shared);
            thread::Builder::new()
                .name(format!("sign-{number}"))
                .spawn(move || work(&shared))?;
        }
        Ok(workers)
    }

    /// Queues a batch under one lock, and answers what found no room.
    pub fn submit(&self, jobs: Vec<J>, now: Instant) {
        if jobs.is_empty() {
            return;
        }
        let mut refused = Vec::new();
        let mut queued = 0_usize;
        let mut lanes = self.shared.lock();
        for job in jobs {
            match lanes.push(job, now) {
                Ok(()) => queued += 1,
                Err(job) => refused.push(job),
            }
        }
        let woken = queued.min(lanes.idle);
        drop(lanes);
        match woken {
            0 => {}
            1 => self.shared.waiting.notify_one(),
            _ => self.shared.waiting.notify_all(),
        }
        if refused.is_empty() {
            return;
        }
        let refused = refused.into_iter().map(|(mut job, retry_after_ms)| {
            job.refuse(Rule::QueueFull, retry_after_ms);
            job
        });
        J::answer(refused.collect());
    }
}

impl<J: Job> Drop for Workers<J> {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.waiting.notify_all();
    }
}

fn work<J: Job>(shared: &Shared<J>) {
    let mut held = Held::new();
    let mut now = Instant::now();
    let mut last = None;
    loop {
        let mut lanes = shared.lock();
        if let Some((cost_us, took)) = last.take() {
            lanes.learn(cost_us, took);
        }
        let turn = loop {
            if let Some(turn) = lanes.take(now) {
                break turn;
            }
            if !held.is_empty() {
                // Nothing else is left to do.
                drop(lanes);
                held.answer();
                lanes = shared.lock();
                continue;
            }
            if lanes.closed {
                return;
            }
            lanes.idle += 1;
            lanes = shared
                .waiting
                .wait(lanes)
                .unwrap_or_else(PoisonError::into_inner);
            lanes.idle -= 1;
            now = Instant::now();
        };
        drop(lanes);
        if !held.may_wait(turn.jobs.len() + turn.late.len(), turn.takes, now) {
            held.answer();
            now = Instant::now();
        }
        let began = now;
        let cost_us = turn.cost_us;
        now = run(turn, now, &mut held);
        last = Some((cost_us, now - began));
    }
}

/// Gives back when it was done.
fn run<J: Job>(turn: Turn<J>, began: Instant, held: &mut Held<J>) -> Instant {
    for mut job in turn.late {
        job.refuse(Rule::DeadlineExceeded, 0);
        held.keep(job, began);
    }
    let mut now = began;
    for mut job in turn.jobs {
        // The job answers INTERNAL when it has nothing to answer.
        let _ = catch_unwind(AssertUnwindSafe(|| job.run(now)));
        now = Instant::now();
        held.keep(job, now);
    }
    now
}

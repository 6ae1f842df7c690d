//! What waits to be signed, in lanes by what an item costs. Lanes share the CPU by
//! weight, whatever waits in the others (start-time fair queuing: Goyal, Vin and Cheng,
//! SIGCOMM 1996), so a heap of RSA-4096 holds back nobody. An item that can't be done in
//! its time is refused when it comes, and costs nothing where it was not foreseen. No
//! clock and no thread in here.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Job;
use crate::algorithms::Kind;
use crate::limits::{
    BULK_DATA_BYTES, MAX_BULK_LANE_BYTES, MAX_LANE_BYTES, MAX_LANE_ITEMS, MAX_LANE_WAIT,
    MAX_TURN_ITEMS, MAX_TURN_US,
};

/// Where an item waits, by what one of its kind costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Elliptic curves: up to 0.1 ms.
    Curves,
    /// RSA-2048: 0.2 ms.
    Rsa,
    /// RSA-3072 and RSA-4096: a millisecond.
    LongRsa,
    /// Much data, whatever the key.
    Bulk,
}

const LANES: usize = 4;

/// Shares of the CPU when all lanes have work.
const WEIGHTS: [u64; LANES] = [8, 4, 2, 2];

/// An item is taken when it should be done with this share of the time to spare: what is
/// done in the last moment is too late where it is waited for.
const SPARE_SHARE: u32 = 8;

/// A unit of a lane's time, so that weights divide it.
const UNIT: u64 = 8;

impl Lane {
    #[must_use]
    pub fn of(kind: Kind, data_bytes: usize) -> Self {
        match kind {
            _ if data_bytes >= BULK_DATA_BYTES => Self::Bulk,
            Kind::P256 | Kind::P384 | Kind::P521 | Kind::Ed25519 => Self::Curves,
            Kind::Rsa2048 => Self::Rsa,
            Kind::Rsa3072 | Kind::Rsa4096 => Self::LongRsa,
        }
    }

    fn max_bytes(self) -> usize {
        match self {
            Self::Bulk => MAX_BULK_LANE_BYTES,
            Self::Curves | Self::Rsa | Self::LongRsa => MAX_LANE_BYTES,
        }
    }
}

struct Waiting<J> {
    jobs: VecDeque<J>,
    bytes: usize,
    /// By the table of costs.
    cost_us: u64,
    /// The lane's own time: how much of its share it has had.
    had: u64,
}

impl<J> Default for Waiting<J> {
    fn default() -> Self {
        Self {
            jobs: VecDeque::new(),
            bytes: 0,
            cost_us: 0,
            had: 0,
        }
    }
}

/// How long an item really takes beside the table of costs, in 1/256: another CPU, or
/// others on this one.
struct Pace(u64);

const PACE_ONE: u64 = 256;

impl Pace {
    fn learn(&mut self, cost_us: u64, took_us: u64) {
        if let Some(ratio) = (took_us * PACE_ONE).checked_div(cost_us) {
            let ratio = ratio.clamp(PACE_ONE / 8, PACE_ONE * 64);
            self.0 = (self.0 * 7 + ratio) / 8;
        }
    }

    fn us(&self, cost_us: u64) -> u64 {
        cost_us.saturating_mul(self.0) / PACE_ONE
    }
}

pub struct Lanes<J> {
    lanes: [Waiting<J>; LANES],
    /// The lane time of what was taken last.
    now: u64,
    threads: u64,
    pace: Pace,
    pub closed: bool,
    /// Threads that sleep.
    pub idle: usize,
}

/// What a thread does next.
pub struct Turn<J> {
    pub jobs: Vec<J>,
    /// Whose time is over.
    pub late: Vec<J>,
    pub cost_us: u64,
    /// What it should take by the clock.
    pub takes: Duration,
}

impl<J: Job> Lanes<J> {
    pub fn new(threads: usize) -> Self {
        Self {
            lanes: Default::default(),
            now: 0,
            threads: threads.max(1) as u64,
            pace: Pace(PACE_ONE),
            closed: false,
            idle: 0,
        }
    }

    /// # Errors
    /// The job, and after how many milliseconds there should be room.
    pub fn push(&mut self, job: J, now: Instant) -> Result<(), (J, u32)> {
        let at = job.lane();
        let (bytes, cost_us) = (job.data_bytes(), job.cost_us());
        let wait = self.wait(at, cost_us);
        let lane = &mut self.lanes[at as usize];
        let expected = now + wait + wait / SPARE_SHARE;
        let in_time = job.deadline().is_none_or(|deadline| expected <= deadline);
        let full = lane.jobs.len() >= MAX_LANE_ITEMS
            || lane.bytes + bytes > at.max_bytes()
            || wait > MAX_LANE_WAIT
            || !in_time;
        if full || self.closed {
            return Err((job, retry_after_ms(wait)));
        }
        if lane.jobs.is_empty() {
            // What a lane didn't use isn't kept for it.
            lane.had = lane.had.max(self.now);
        }
        lane.bytes += bytes;
        lane.cost_us += cost_us;
        lane.jobs.push_back(job);
        Ok(())
    }

    /// How long an item that came now would wait until it is done.
    fn wait(&self, at: Lane, cost_us: u64) -> Duration {
        let lane = &self.lanes[at as usize];
        let weight = WEIGHTS[at as usize];
        let others = self.lanes.iter().zip(WEIGHTS);
        let others = others.filter(|(lane, _)| !lane.jobs.is_empty());
        let mut all: u64 = others.map(|(_, weight)| weight).sum();
        if lane.jobs.is_empty() {
            all += weight;
        }
        let before_us = lane.cost_us.saturating_mul(all) / (weight * self.threads);
        Duration::from_micros(self.pace.us(before_us + cost_us))
    }

    /// Work for one thread, from the lane that has had the least of its share.
    pub fn take(&mut self, now: Instant) -> Option<Turn<J>> {
        let waiting = self.lanes.iter().enumerate();
        let waiting = waiting.filter(|(_, lane)| !lane.jobs.is_empty());
        let (at, _) = waiting.min_by_key(|(_, lane)| lane.had)?;
        let lane = &mut self.lanes[at];
        // Others are left something to do.
        let share = lane.jobs.len().div_ceil(self.threads as usize);
        let mut turn = Turn {
            jobs: Vec::with_capacity(share.min(MAX_TURN_ITEMS)),
            late: Vec::new(),
            cost_us: 0,
            takes: Duration::ZERO,
        };
        while turn.jobs.len() < share.min(MAX_TURN_ITEMS) {
            let Some(job) = lane.jobs.pop_front() else {
                break;
            };
            let cost_us = job.cost_us();
            lane.bytes -= job.data_bytes();
            lane.cost_us -= cost_us;
            let done_us = self.pace.us(turn.cost_us + cost_us);
            let done = now + Duration::from_micros(done_us);
            if job.deadline().is_some_and(|deadline| done > deadline) {
                turn.late.push(job);
                continue;
            }
            turn.cost_us += cost_us;
            turn.jobs.push(job);
            if turn.cost_us >= MAX_TURN_US {
                break;
            }
        }
        turn.takes = Duration::from_micros(self.pace.us(turn.cost_us));
        self.now = self.now.max(lane.had);
        lane.had += turn.cost_us * UNIT / WEIGHTS[at];
        Some(turn)
    }

    /// What a turn took by the clock.
    pub fn learn(&mut self, cost_us: u64, took: Duration) {
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX / PACE_ONE);
        self.pace.learn(cost_us, took_us.min(u64::MAX / PACE_ONE));
    }
}

/// Half of what waits: whoever is told to come again finds work left before its own, and
/// the threads are never without.
fn retry_after_ms(wait: Duration) -> u32 {
    u32::try_from(wait.as_millis() / 2)
        .unwrap_or(u32::MAX)
        .max(1)
}

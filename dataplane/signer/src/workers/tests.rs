#![allow(clippy::unwrap_used)]
use super::lanes::Lanes;
use super::*;
use crate::limits::{
    MAX_HELD_ITEMS, MAX_LANE_BYTES, MAX_LANE_ITEMS, MAX_LANE_WAIT, MAX_TURN_ITEMS,
};
use std::sync::mpsc;
use std::time::Duration;

#[derive(Clone)]
struct Fake {
    lane: Lane,
    cost_us: u64,
    bytes: usize,
    arrived: Instant,
    deadline: Option<Instant>,
    panics: bool,
    refused: Option<Rule>,
    ran: Option<mpsc::Sender<Option<Rule>>>,
    /// When an answer left, and of how many.
    answers: Option<mpsc::Sender<(Instant, usize)>>,
    works: Duration,
}

impl Job for Fake {
    fn lane(&self) -> Lane {
        self.lane
    }
    fn cost_us(&self) -> u64 {
        self.cost_us
    }
    fn data_bytes(&self) -> usize {
        self.bytes
    }
    fn arrived(&self) -> Instant {
        self.arrived
    }
    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }
    fn run(&mut self, _: Instant) {
        assert!(!self.panics, "as the test wants");
        thread::sleep(self.works);
    }
    fn refuse(&mut self, rule: Rule, _: u32) {
        self.refused = Some(rule);
    }
    fn answer(done: Vec<Self>) {
        if let Some(answers) = &done[0].answers {
            answers.send((Instant::now(), done.len())).unwrap();
        }
        for job in done {
            if let Some(ran) = job.ran {
                ran.send(job.refused).unwrap();
            }
        }
    }
}

fn fake(lane: Lane, cost_us: u64) -> Fake {
    Fake {
        lane,
        cost_us,
        bytes: 0,
        arrived: Instant::now(),
        deadline: None,
        panics: false,
        refused: None,
        ran: None,
        answers: None,
        works: Duration::ZERO,
    }
}

fn push(lanes: &mut Lanes<Fake>, job: Fake, now: Instant) -> Result<(), u32> {
    lanes.push(job, now).map_err(|(_, after_ms)| after_ms)
}

/// How much of each lane is done in this time.
fn done_in(lanes: &mut Lanes<Fake>, us: u64, now: Instant) -> [u64; 4] {
    let mut done = [0; 4];
    let mut spent = 0;
    while spent < us {
        let turn = lanes.take(now).unwrap();
        spent += turn.cost_us;
        for job in turn.jobs {
            done[job.lane as usize] += job.cost_us;
        }
    }
    done
}

#[test]
fn lanes_with_work_share_the_cpu_by_weight_and_one_alone_has_it_all() {
    let now = Instant::now();
    let mut lanes = Lanes::new(1);
    for _ in 0..1000 {
        push(&mut lanes, fake(Lane::LongRsa, 1_300), now).unwrap();
    }
    assert_eq!(
        done_in(&mut lanes, 100_000, now)[Lane::LongRsa as usize],
        100_100
    );
    for _ in 0..10_000 {
        push(&mut lanes, fake(Lane::Curves, 11), now).unwrap();
    }
    let done = done_in(&mut lanes, 50_000, now);
    let (curves, rsa) = (done[Lane::Curves as usize], done[Lane::LongRsa as usize]);
    assert!(
        (3 * rsa..5 * rsa).contains(&curves),
        "{curves} against {rsa}"
    );
}

#[test]
fn a_quick_item_is_next_however_many_slow_ones_wait() {
    let now = Instant::now();
    let mut lanes = Lanes::new(1);
    for _ in 0..1000 {
        push(&mut lanes, fake(Lane::LongRsa, 1_300), now).unwrap();
    }
    done_in(&mut lanes, 100_000, now);
    push(&mut lanes, fake(Lane::Curves, 11), now).unwrap();
    assert_eq!(lanes.take(now).unwrap().jobs[0].lane, Lane::Curves);
}

#[test]
fn a_full_lane_refuses_and_says_when_to_come_again_while_others_take_more() {
    let now = Instant::now();
    let mut lanes = Lanes::new(2);
    let waits = (MAX_LANE_WAIT.as_micros() / 1_000 * 2) as u64;
    for _ in 0..waits - 2 {
        push(&mut lanes, fake(Lane::LongRsa, 1_000), now).unwrap();
    }
    for _ in 0..10 {
        let _ = push(&mut lanes, fake(Lane::LongRsa, 1_000), now);
    }
    let after_ms = push(&mut lanes, fake(Lane::LongRsa, 1_000), now).unwrap_err();
    assert!((900..=1_100).contains(&after_ms), "{after_ms}");
    for _ in 0..MAX_LANE_ITEMS {
        push(&mut lanes, fake(Lane::Curves, 11), now).unwrap();
    }
    assert!(push(&mut lanes, fake(Lane::Curves, 11), now).is_err());
    let mut large = fake(Lane::Rsa, 200);
    large.bytes = MAX_LANE_BYTES;
    push(&mut lanes, large.clone(), now).unwrap();
    large.bytes = 1;
    assert!(push(&mut lanes, large, now).is_err());
}

#[test]
fn what_cannot_be_done_in_its_time_is_refused_when_it_comes() {
    let now = Instant::now();
    let mut lanes = Lanes::new(1);
    for _ in 0..100 {
        push(&mut lanes, fake(Lane::LongRsa, 1_000), now).unwrap();
    }
    let mut hurried = fake(Lane::LongRsa, 1_000);
    hurried.deadline = Some(now + Duration::from_millis(50));
    assert!(push(&mut lanes, hurried.clone(), now).is_err());
    hurried.deadline = Some(now + Duration::from_millis(150));
    assert!(push(&mut lanes, hurried, now).is_ok());
}

#[test]
fn what_has_waited_too_long_is_never_begun_and_costs_no_turn() {
    let now = Instant::now();
    let mut lanes = Lanes::new(1);
    for _ in 0..1_000 {
        let mut job = fake(Lane::LongRsa, 1_000);
        job.deadline = Some(now + Duration::from_millis(1_500));
        push(&mut lanes, job, now).unwrap();
    }
    push(&mut lanes, fake(Lane::LongRsa, 1_000), now).unwrap();
    let turn = lanes.take(now + Duration::from_secs(2)).unwrap();
    assert_eq!((turn.late.len(), turn.jobs.len()), (1_000, 1));
    assert_eq!(turn.cost_us, 1_000);
}

#[test]
fn a_slower_machine_is_learned_and_refuses_sooner() {
    let now = Instant::now();
    let mut lanes = Lanes::new(1);
    let mut hurried = fake(Lane::Rsa, 1_000);
    hurried.deadline = Some(now + Duration::from_millis(2));
    push(&mut lanes, hurried.clone(), now).unwrap();
    lanes.take(now).unwrap();
    for _ in 0..50 {
        lanes.learn(1_000, Duration::from_millis(4));
    }
    assert!(push(&mut lanes, hurried, now).is_err());
}

#[test]
fn a_panic_costs_one_item_and_everyone_is_answered() {
    let workers = Workers::start().unwrap();
    let (ran, seen) = mpsc::channel();
    let job = |panics| Fake {
        panics,
        ran: Some(ran.clone()),
        ..fake(Lane::Curves, 11)
    };
    let mut jobs: Vec<_> = (0..8).map(|_| job(true)).collect();
    jobs.extend((0..64).map(|_| job(false)));
    workers.submit(jobs, Instant::now());
    for _ in 0..72 {
        seen.recv_timeout(Duration::from_secs(5)).unwrap();
    }
}

#[test]
fn what_waits_is_done_before_the_threads_end() {
    let workers = Workers::start().unwrap();
    let (ran, seen) = mpsc::channel();
    let job = || Fake {
        ran: Some(ran.clone()),
        ..fake(Lane::Rsa, 200)
    };
    workers.submit((0..1000).map(|_| job()).collect(), Instant::now());
    drop(workers);
    for _ in 0..1000 {
        seen.recv_timeout(Duration::from_secs(5)).unwrap();
    }
}

#[test]
fn answers_leave_in_few_writes_while_more_waits_and_the_last_at_once() {
    let workers = Workers::start().unwrap();
    let (send, answers) = mpsc::channel();
    let job = Fake {
        answers: Some(send),
        ..fake(Lane::Curves, 0)
    };
    let count = 2_000;
    workers.submit(vec![job; count], Instant::now());
    let mut sizes = Vec::new();
    while sizes.iter().sum::<usize>() < count {
        let (_, size) = answers.recv_timeout(Duration::from_secs(5)).unwrap();
        sizes.push(size);
    }
    // Turns are of `MAX_TURN_ITEMS` at most: there would be twice as many answers.
    assert!(sizes.len() <= count / MAX_TURN_ITEMS / 2, "{sizes:?}");
    assert!(
        sizes.iter().all(|size| *size <= MAX_HELD_ITEMS),
        "{sizes:?}"
    );
}

#[test]
fn nothing_is_held_while_work_of_longer_than_the_bound_is_done() {
    let now = Instant::now();
    let (shared, answers) = one_thread_with(|lanes, send| {
        let quick = Fake {
            answers: Some(send.clone()),
            ..fake(Lane::Curves, 13)
        };
        push(lanes, quick, now).unwrap();
        for _ in 0..3 {
            let long = Fake {
                answers: Some(send.clone()),
                works: Duration::from_millis(20),
                ..fake(Lane::LongRsa, 20_000)
            };
            push(lanes, long, now).unwrap();
        }
        lanes.closed = true;
    });
    work(&shared);
    let answers: Vec<_> = answers.try_iter().collect();
    assert_eq!(
        answers.iter().map(|(_, size)| *size).collect::<Vec<_>>(),
        [1; 4]
    );
    let apart = |pair: &[(Instant, usize)]| pair[1].0 - pair[0].0 >= Duration::from_millis(20);
    assert!(answers.windows(2).all(apart));
}

/// What a single thread finds, to be worked off by the test itself.
fn one_thread_with(
    fill: impl FnOnce(&mut Lanes<Fake>, &mpsc::Sender<(Instant, usize)>),
) -> (Shared<Fake>, mpsc::Receiver<(Instant, usize)>) {
    let (send, answers) = mpsc::channel();
    let mut lanes = Lanes::new(1);
    fill(&mut lanes, &send);
    let shared = Shared {
        lanes: Mutex::new(lanes),
        waiting: Condvar::new(),
    };
    (shared, answers)
}

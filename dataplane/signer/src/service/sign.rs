//! The hot path: reads batches of items, holds each against the table, queues what it
//! allows. One look at the keyring, one lock of the queue and one clock reading a batch.
//! A refused item never ends its stream.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tonic::{Status, Streaming};

use super::Shared;
use crate::algorithms::Encoding;
use crate::clock;
use crate::job::{SignJob, given};
use crate::keyring::{Entry, Slot, Slots};
use crate::limits::{MAX_DATA_BYTES, MAX_KEY_NAME_BYTES};
use crate::policy::{Question, Refusal, Rule, Use, decide, stands};
use crate::proto::sign_item::Input;
use crate::proto::v1::{Algorithm, Transport};
use crate::proto::{Caller, SignBatchRequest, SignItem};
use crate::stream::{Replies, refused};

/// Reads a stream until either side ends it or the process stops.
pub async fn read(
    shared: Arc<Shared>,
    mut requests: Streaming<SignBatchRequest>,
    replies: Arc<Replies>,
    mut stopping: watch::Receiver<bool>,
) {
    while replies.room().await {
        let batch = tokio::select! {
            batch = requests.message() => batch,
            () = replies.closed() => return,
            _ = stopping.wait_for(|stop| *stop) => {
                replies.end(Status::unavailable("the signer is stopping; call again"));
                return;
            }
        };
        match batch {
            Ok(Some(batch)) => take(&shared, batch, &replies),
            Ok(None) => return,
            Err(status) => {
                tracing::warn!(code = ?status.code(), message = status.message(), "stream ended");
                replies.end(status);
                return;
            }
        }
    }
}

fn take(shared: &Shared, batch: SignBatchRequest, replies: &Arc<Replies>) {
    replies.owe(batch.items.len());
    shared.clock.set(batch.clock_known);
    let moment = Moment::now(batch.clock_known);
    let mut jobs = Vec::with_capacity(batch.items.len());
    let mut refusals = Vec::new();
    let slots = shared.keyring.read();
    let mut in_flight = replies.in_flight();
    for item in batch.items {
        let id = item.id;
        match check(
            &slots,
            item,
            &batch.callers,
            &moment,
            replies,
            &mut in_flight,
        ) {
            Ok(job) => jobs.push(job),
            Err(refusal) => refusals.push(refused(id, refusal)),
        }
    }
    drop(in_flight);
    drop(slots);
    replies.refuse(refusals);
    shared.workers.submit(jobs, moment.instant);
}

/// When a batch came, on both clocks.
pub struct Moment {
    pub instant: Instant,
    monotonic_ns: u64,
    wall_ms: Option<i64>,
}

impl Moment {
    pub fn now(clock_known: bool) -> Self {
        let instant = Instant::now();
        Self {
            instant,
            monotonic_ns: clock::monotonic_ns(instant),
            wall_ms: clock_known.then(clock::wall_ms),
        }
    }
}

/// Finds the key.
///
/// # Errors
/// As for one that the caller may not use, where there is none.
pub fn find<'a>(slots: &'a Slots, id: &str) -> Result<&'a Arc<Entry>, Refusal> {
    let known = (id.len() <= MAX_KEY_NAME_BYTES).then(|| slots.get(id));
    match known.flatten() {
        Some(Slot::Whole(entry)) => Ok(entry),
        Some(Slot::Damaged) => Err(Rule::KeyDamaged.into()),
        None => Err(Rule::KeyNotAllowed.into()),
    }
}

/// Holds an item against the table.
///
/// # Errors
/// What refuses it.
pub fn allow(
    entry: &Entry,
    item: &SignItem,
    caller: Option<&Caller>,
    moment: &Moment,
) -> Result<Algorithm, Refusal> {
    let question = question(item, caller, moment)?;
    let algorithm = question.algorithm;
    decide(&entry.subject, &question)?;
    if let Some(input) = &item.input
        && let Err(error) = entry.subject.kind.check(algorithm, given(input))
    {
        entry.give_back();
        return Err(Refusal::input(error.to_string()));
    }
    Ok(algorithm)
}

/// Holds an item against the table again that was allowed at its beginning.
///
/// # Errors
/// What refuses it now.
pub fn allow_still(
    entry: &Entry,
    item: &SignItem,
    caller: Option<&Caller>,
    moment: &Moment,
) -> Result<(), Refusal> {
    stands(&entry.subject, &question(item, caller, moment)?)
}

fn question<'a>(
    item: &SignItem,
    caller: Option<&'a Caller>,
    moment: &Moment,
) -> Result<Question<'a>, Refusal> {
    let (identity, transport) = asserted(caller);
    Ok(Question {
        of: Use::Sign,
        algorithm: algorithm(item.algorithm)?,
        version: item.version,
        identity,
        transport,
        wall_ms: moment.wall_ms,
        monotonic_ns: moment.monotonic_ns,
    })
}

/// Nobody in particular, where the agent asserts nothing.
pub fn asserted(caller: Option<&Caller>) -> (&str, Transport) {
    caller.map_or(("", Transport::Unspecified), |caller| {
        (caller.identity.as_str(), caller.transport())
    })
}

/// # Errors
/// A number that the API doesn't know.
pub fn algorithm(number: i32) -> Result<Algorithm, Refusal> {
    Algorithm::try_from(number)
        .map_err(|_| Refusal::input(format!("algorithm: this signer knows no {number}")))
}

/// # Errors
/// A number that the API doesn't know.
pub fn encoding(number: i32) -> Result<Encoding, Refusal> {
    Encoding::from_proto(number)
        .ok_or_else(|| Refusal::input(format!("encoding: no {number}; there are DER, RAW")))
}

fn check(
    slots: &Slots,
    item: SignItem,
    callers: &[Caller],
    moment: &Moment,
    replies: &Arc<Replies>,
    in_flight: &mut HashSet<u32>,
) -> Result<SignJob, Refusal> {
    let caller = match item.caller {
        0 => None,
        place => {
            let caller = usize::try_from(place)
                .ok()
                .and_then(|at| callers.get(at - 1));
            let none = || Refusal::input(format!("caller: the batch names no caller {place}"));
            Some(caller.ok_or_else(none)?)
        }
    };
    // What is wrong whatever the key comes first: it reveals no key, and takes nothing
    // from a key's rate.
    let Some(input) = &item.input else {
        return Err(Refusal::input(
            "input: neither data nor a digest; empty data is data too",
        ));
    };
    let (Input::Data(bytes) | Input::Digest(bytes)) = input;
    if bytes.len() > MAX_DATA_BYTES {
        let len = bytes.len();
        return Err(Refusal::input(format!(
            "data: {len} bytes, at most {MAX_DATA_BYTES} are signed"
        )));
    }
    let encoding = encoding(item.encoding)?;
    algorithm(item.algorithm)?;
    if in_flight.contains(&item.id) {
        return Err(Refusal::input(format!(
            "id: {} is already in flight on this stream",
            item.id
        )));
    }
    let entry = find(slots, &item.key)?;
    let algorithm = allow(entry, &item, caller, moment)?;
    in_flight.insert(item.id);
    let timeout = Duration::from_millis(item.timeout_ms.into());
    Ok(SignJob {
        id: item.id,
        entry: Arc::clone(entry),
        algorithm,
        input: item.input.unwrap_or_else(|| Input::Data(Vec::new())),
        encoding,
        arrived: moment.instant,
        deadline: (item.timeout_ms != 0).then(|| moment.instant + timeout),
        replies: Arc::clone(replies),
        result: None,
    })
}

//! Data of any length, hashed as it comes and signed at its end, in constant memory. The
//! table is asked at the beginning, and at the end again: an hour may lie between.

use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_stream::StreamExt;
use tonic::{Code, Status, Streaming};

use super::Shared;
use super::sign::{Moment, algorithm, allow, allow_still, asserted, encoding, find};
use super::status::{invalid, refuse};
use crate::algorithms::Hashing;
use crate::job::SignJob;
use crate::limits::{HASH_STEP_BYTES, MAX_STREAM_PAUSE};
use crate::policy::{Refusal, Rule};
use crate::proto::sign_item::Input;
use crate::proto::sign_stream_request::Part;
use crate::proto::{SignItem, SignResult, SignStreamRequest, SignStreamStart};
use crate::stream::{self, refused};

/// # Errors
/// What is wrong with the stream itself. What is refused of the item stands in the result.
pub async fn sign_stream(
    shared: &Shared,
    mut parts: Streaming<SignStreamRequest>,
) -> Result<SignResult, Status> {
    let full = |message| refuse(Code::ResourceExhausted, Rule::QueueFull.reason(), message);
    let mut place = shared
        .hashed_streams
        .enter()
        .ok_or_else(|| full("as many streams are hashed as can be; call again later"))?;
    let first = next(&mut parts, None).await?;
    let Some(Part::Start(SignStreamStart {
        item: Some(item),
        caller,
        clock_known,
    })) = first
    else {
        return Err(invalid(
            "start: the first message has to be one, with its item",
        ));
    };
    if item.input.is_some() {
        return Err(invalid(
            "start.item: its data comes in the messages after it",
        ));
    }
    if !place.is_of(asserted(caller.as_ref()).0) {
        return Err(full(
            "as many of the caller's streams are hashed as can be; call again when one has ended",
        ));
    }
    shared.clock.set(clock_known);
    let moment = Moment::now(clock_known);
    let timeout = Duration::from_millis(item.timeout_ms.into());
    let deadline = (item.timeout_ms != 0).then(|| moment.instant + timeout);
    let begun = begin(shared, &item, caller.as_ref(), &moment);
    let (mut job, mut hashing, mut results) = match begun {
        Ok(begun) => begun,
        Err(refusal) => return Ok(refused(item.id, refusal)),
    };
    let fed = feed(&mut parts, &mut hashing, deadline).await;
    if fed.is_err() {
        job.entry.give_back();
    }
    fed?;
    if let Err(refusal) = renew(shared, &mut job, &item, caller.as_ref()) {
        job.entry.give_back();
        return Ok(refused(item.id, refusal));
    }
    job.input = Input::Digest(hashing.finish().as_ref().to_vec());
    job.arrived = Instant::now();
    job.deadline = deadline;
    let arrived = job.arrived;
    shared.workers.submit(vec![job], arrived);
    let batch = results.next().await;
    let result = batch.and_then(Result::ok);
    result
        .and_then(|mut batch| batch.results.pop())
        .ok_or_else(|| Status::internal("signing was broken off by a fault; call again"))
}

type Begun = (SignJob, Hashing, stream::ResultBatches);

fn begin(
    shared: &Shared,
    item: &SignItem,
    caller: Option<&crate::proto::Caller>,
    moment: &Moment,
) -> Result<Begun, Refusal> {
    let encoding = encoding(item.encoding)?;
    // Before the key: what can't be hashed takes nothing from its rate.
    let hashing = Hashing::new(algorithm(item.algorithm)?)
        .map_err(|error| Refusal::input(error.to_string()))?;
    let (entry, algorithm) = {
        let slots = shared.keyring.read();
        let entry = find(&slots, &item.key)?;
        let algorithm = allow(entry, item, caller, moment)?;
        (Arc::clone(entry), algorithm)
    };
    let (replies, results) = stream::open();
    replies.owe(1);
    let job = SignJob {
        id: item.id,
        entry,
        algorithm,
        input: Input::Data(Vec::new()),
        encoding,
        arrived: moment.instant,
        deadline: None,
        replies,
        result: None,
    };
    Ok((job, hashing, results))
}

/// At the end of the data: by the key as it is now, at the date that it is now.
fn renew(
    shared: &Shared,
    job: &mut SignJob,
    item: &SignItem,
    caller: Option<&crate::proto::Caller>,
) -> Result<(), Refusal> {
    if let Some(rule) = job.entry.withdrawn() {
        return Err(rule.into());
    }
    let slots = shared.keyring.read();
    let entry = find(&slots, &item.key)?;
    allow_still(entry, item, caller, &Moment::now(shared.clock.get()))?;
    job.entry = Arc::clone(entry);
    Ok(())
}

async fn feed(
    parts: &mut Streaming<SignStreamRequest>,
    hashing: &mut Hashing,
    deadline: Option<Instant>,
) -> Result<(), Status> {
    loop {
        match next(parts, deadline).await? {
            None => return Ok(()),
            Some(Part::Start(_)) => return Err(invalid("start: only the first message is one")),
            Some(Part::Data(data)) => {
                for step in data.chunks(HASH_STEP_BYTES) {
                    hashing.update(step);
                    tokio::task::yield_now().await;
                }
            }
        }
    }
}

/// The next message's part; none at the end.
async fn next(
    parts: &mut Streaming<SignStreamRequest>,
    deadline: Option<Instant>,
) -> Result<Option<Part>, Status> {
    let pause = Instant::now() + MAX_STREAM_PAUSE;
    let until = deadline.map_or(pause, |deadline| deadline.min(pause));
    let message = tokio::time::timeout_at(until.into(), parts.message())
        .await
        .map_err(|_| Status::from(Rule::DeadlineExceeded))??;
    let Some(message) = message else {
        return Ok(None);
    };
    let empty = || invalid("part: a message has to be a start or data");
    message.part.map(Some).ok_or_else(empty)
}

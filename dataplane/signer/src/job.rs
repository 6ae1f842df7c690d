//! One item that the table allowed, waiting for a worker, and the one place at which
//! finished items are answered: a record of each that must be on the disk before its
//! signature leaves would be written there, once for a batch.

use std::sync::Arc;
use std::time::{Duration, Instant};
use tonic::Code;

use crate::algorithms::{Encoding, Input};
use crate::keyring::Entry;
use crate::policy::{Refusal, Rule};
use crate::proto::SignResult;
use crate::proto::sign_item::Input as ItemInput;
use crate::proto::sign_result::Outcome;
use crate::proto::v1::Algorithm;
use crate::stream::{Replies, refused};
use crate::workers::{Job, Lane};

/// What hashing costs, without instructions for SHA-2.
const BYTES_PER_US: u64 = 512;

pub struct SignJob {
    pub id: u32,
    pub entry: Arc<Entry>,
    pub algorithm: Algorithm,
    pub input: ItemInput,
    pub encoding: Encoding,
    pub arrived: Instant,
    pub deadline: Option<Instant>,
    pub replies: Arc<Replies>,
    pub result: Option<SignResult>,
}

impl SignJob {
    fn sign(&self) -> Result<Vec<u8>, Refusal> {
        let private = self.entry.private()?;
        private
            .sign(self.algorithm, given(&self.input), self.encoding)
            .map_err(|_| broken())
    }

    fn keep_refusal(&mut self, refusal: Refusal) {
        self.entry.give_back();
        self.result = Some(refused(self.id, refusal));
    }
}

impl Job for SignJob {
    fn lane(&self) -> Lane {
        Lane::of(self.entry.subject.kind, self.data_bytes())
    }

    fn cost_us(&self) -> u64 {
        u64::from(self.entry.subject.kind.cost_us()) + self.data_bytes() as u64 / BYTES_PER_US
    }

    fn data_bytes(&self) -> usize {
        match &self.input {
            ItemInput::Data(bytes) | ItemInput::Digest(bytes) => bytes.len(),
        }
    }

    fn arrived(&self) -> Instant {
        self.arrived
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn run(&mut self, begun: Instant) {
        if self.replies.is_closed() {
            self.keep_refusal(broken());
            return;
        }
        match self.sign() {
            Ok(signature) => {
                self.result = Some(SignResult {
                    id: self.id,
                    outcome: Some(Outcome::Signature(signature)),
                    version: self.entry.subject.newest_version,
                    queue_us: micros(begun.saturating_duration_since(self.arrived)),
                    sign_us: micros(begun.elapsed()),
                });
            }
            Err(refusal) => self.keep_refusal(refusal),
        }
    }

    fn refuse(&mut self, rule: Rule, retry_after_ms: u32) {
        self.keep_refusal(Refusal::retry(rule, retry_after_ms));
    }

    fn answer(done: Vec<Self>) {
        let mut done = done.into_iter().peekable();
        while let Some(first) = done.next() {
            let replies = Arc::clone(&first.replies);
            let mut results = Vec::with_capacity(1 + done.len());
            results.push(first.into_result());
            // Most batches are of one stream.
            while let Some(next) = done.next_if(|job| Arc::ptr_eq(&job.replies, &replies)) {
                results.push(next.into_result());
            }
            replies.finish(results);
        }
    }
}

impl SignJob {
    fn into_result(self) -> SignResult {
        self.result.unwrap_or_else(|| refused(self.id, broken()))
    }
}

/// An item's input as the algorithms take it.
#[must_use]
pub fn given(input: &ItemInput) -> Input<'_> {
    match input {
        ItemInput::Data(data) => Input::Data(data),
        ItemInput::Digest(digest) => Input::Digest(digest),
    }
}

fn broken() -> Refusal {
    Refusal {
        code: Code::Internal,
        reason: "",
        message: "signing was broken off by a fault; call again".into(),
        retry_after_ms: 0,
    }
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

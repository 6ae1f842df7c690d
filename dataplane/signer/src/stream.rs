//! One Sign stream: which ids are in flight, which results wait for the peer.
//! Every item gets exactly one result, also one whose worker panicked.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::{Notify, mpsc};
use tokio_stream::Stream;
use tonic::{Code, Status};

use crate::algorithms::{Encoding, Input, PrivateKey};
use crate::limits::{MAX_RESULTS_PER_BATCH, MAX_UNDELIVERED_RESULTS};
use crate::proto::sign_item::Input as ItemInput;
use crate::proto::sign_result::Outcome;
use crate::proto::v1::{Algorithm, ItemStatus};
use crate::proto::{SignBatchResponse, SignResult};
use crate::workers::Job;

/// What goes to the peer next: a result, or the status that ends the stream.
type Reply = Result<SignResult, Status>;

/// The reading half's and the workers' view of a stream.
#[derive(Clone)]
pub struct Replies {
    send: mpsc::UnboundedSender<Reply>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    in_flight: Mutex<HashSet<u32>>,
    /// Items read whose results the peer has not taken. Bounds the channel.
    undelivered: AtomicUsize,
    delivered: Notify,
}

impl State {
    fn in_flight(&self) -> MutexGuard<'_, HashSet<u32>> {
        self.in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The writing half: results in batches of what is ready.
pub struct ResultBatches {
    receive: mpsc::UnboundedReceiver<Reply>,
    state: Arc<State>,
    ready: Vec<Reply>,
    end: Option<Status>,
}

#[must_use]
pub fn open() -> (Replies, ResultBatches) {
    let (send, receive) = mpsc::unbounded_channel();
    let state = Arc::new(State::default());
    let replies = Replies {
        send,
        state: Arc::clone(&state),
    };
    let batches = ResultBatches {
        receive,
        state,
        ready: Vec::new(),
        end: None,
    };
    (replies, batches)
}

impl Replies {
    /// Waits until the peer has taken enough results for another request to be read.
    /// False when the peer is gone.
    pub async fn room(&self) -> bool {
        loop {
            let delivered = self.state.delivered.notified();
            if self.send.is_closed() {
                return false;
            }
            if self.state.undelivered.load(Ordering::Acquire) < MAX_UNDELIVERED_RESULTS {
                return true;
            }
            tokio::select! {
                () = delivered => {}
                () = self.send.closed() => return false,
            }
        }
    }

    /// Ends when the peer no longer takes results.
    pub async fn closed(&self) {
        self.send.closed().await;
    }

    /// Counts an item that was read. It must be answered once.
    pub fn owe(&self) {
        self.state.undelivered.fetch_add(1, Ordering::AcqRel);
    }

    /// Marks an id as in flight; false when it is already.
    pub fn begin(&self, id: u32) -> bool {
        self.state.in_flight().insert(id)
    }

    /// Answers an item that never began.
    pub fn refuse(&self, id: u32, code: Code, message: impl Into<String>) {
        self.reply(id, failure(code, message));
    }

    /// Ends the stream, after what is in flight, with a status.
    pub fn end(&self, status: Status) {
        let _ = self.send.send(Err(status));
    }

    fn finish(&self, id: u32, outcome: Outcome) {
        // First, so that the peer may use the id again once it has the result.
        self.state.in_flight().remove(&id);
        self.reply(id, outcome);
    }

    fn reply(&self, id: u32, outcome: Outcome) {
        // A send fails when the peer is gone: nobody is left to be told.
        let _ = self.send.send(Ok(SignResult {
            id,
            outcome: Some(outcome),
            ..SignResult::default()
        }));
    }
}

fn failure(code: Code, message: impl Into<String>) -> Outcome {
    Outcome::Failure(ItemStatus {
        code: code as i32,
        message: message.into(),
        ..ItemStatus::default()
    })
}

impl Stream for ResultBatches {
    type Item = Result<SignBatchResponse, Status>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            let taken =
                this.receive
                    .poll_recv_many(context, &mut this.ready, MAX_RESULTS_PER_BATCH);
            let Poll::Ready(taken) = taken else {
                return Poll::Pending;
            };
            if taken == 0 {
                // Every sender is gone: all that was in flight is answered.
                return Poll::Ready(this.end.take().map(Err));
            }
            let mut results = Vec::with_capacity(taken);
            for reply in this.ready.drain(..) {
                match reply {
                    Ok(result) => results.push(result),
                    Err(status) => this.end = Some(status),
                }
            }
            if !results.is_empty() {
                let count = results.len();
                this.state.undelivered.fetch_sub(count, Ordering::AcqRel);
                this.state.delivered.notify_one();
                return Poll::Ready(Some(Ok(SignBatchResponse { results })));
            }
        }
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

/// A valid item waiting for a worker. Dropped unanswered it answers INTERNAL.
pub struct SignJob {
    pub id: u32,
    pub key: Arc<PrivateKey>,
    pub algorithm: Algorithm,
    pub input: ItemInput,
    pub encoding: Encoding,
    replies: Option<Replies>,
}

impl SignJob {
    #[must_use]
    pub fn new(
        id: u32,
        key: Arc<PrivateKey>,
        algorithm: Algorithm,
        input: ItemInput,
        encoding: Encoding,
        replies: Replies,
    ) -> Self {
        Self {
            id,
            key,
            algorithm,
            input,
            encoding,
            replies: Some(replies),
        }
    }

    /// Answers without signing.
    pub fn refuse(mut self, code: Code, message: &str) {
        self.answer(failure(code, message));
    }

    fn answer(&mut self, outcome: Outcome) {
        if let Some(replies) = self.replies.take() {
            replies.finish(self.id, outcome);
        }
    }
}

impl Job for SignJob {
    fn data_bytes(&self) -> usize {
        match &self.input {
            ItemInput::Data(bytes) | ItemInput::Digest(bytes) => bytes.len(),
        }
    }

    fn is_slow(&self) -> bool {
        self.key.kind().is_slow()
    }

    fn run(mut self) {
        if self
            .replies
            .as_ref()
            .is_none_or(|replies| replies.send.is_closed())
        {
            self.replies = None;
            return;
        }
        let input = given(&self.input);
        let outcome = match self.key.sign(self.algorithm, input, self.encoding) {
            Ok(signature) => Outcome::Signature(signature),
            Err(error) => failure(Code::Internal, error.to_string()),
        };
        self.answer(outcome);
    }
}

impl Drop for SignJob {
    fn drop(&mut self) {
        self.answer(failure(Code::Internal, "signing was broken off by a fault"));
    }
}

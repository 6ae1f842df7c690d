//! One Sign stream: which ids are in flight, which results wait for the peer. Every item
//! gets exactly one result. Results come in batches, from `job::answer` alone.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::{Notify, mpsc};
use tokio_stream::Stream;
use tonic::Status;

use crate::limits::{MAX_RESULTS_PER_BATCH, MAX_UNDELIVERED_RESULTS};
use crate::policy::Refusal;
use crate::proto::sign_result::Outcome;
use crate::proto::v1::ItemStatus;
use crate::proto::{SignBatchResponse, SignResult};

/// What goes to the peer next: results, or the status that ends the stream.
type Reply = Result<Vec<SignResult>, Status>;

/// The reading half's and the workers' view of a stream.
pub struct Replies {
    send: mpsc::UnboundedSender<Reply>,
    in_flight: Mutex<HashSet<u32>>,
    delivery: Arc<Delivery>,
}

#[derive(Default)]
struct Delivery {
    /// Items read whose results the peer has not taken. Bounds the channel.
    undelivered: AtomicUsize,
    delivered: Notify,
}

/// The writing half: results in batches of what is ready.
pub struct ResultBatches {
    receive: mpsc::UnboundedReceiver<Reply>,
    delivery: Arc<Delivery>,
    ready: Vec<SignResult>,
    end: Option<Status>,
}

#[must_use]
pub fn open() -> (Arc<Replies>, ResultBatches) {
    let (send, receive) = mpsc::unbounded_channel();
    let delivery = Arc::new(Delivery::default());
    let replies = Replies {
        send,
        in_flight: Mutex::default(),
        delivery: Arc::clone(&delivery),
    };
    let batches = ResultBatches {
        receive,
        delivery,
        ready: Vec::new(),
        end: None,
    };
    (Arc::new(replies), batches)
}

impl Replies {
    /// Waits until the peer has taken enough results for another request to be read.
    /// False when the peer is gone.
    pub async fn room(&self) -> bool {
        loop {
            let delivered = self.delivery.delivered.notified();
            if self.send.is_closed() {
                return false;
            }
            if self.delivery.undelivered.load(Ordering::Acquire) < MAX_UNDELIVERED_RESULTS {
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

    /// Whether nobody is left to be answered.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.send.is_closed()
    }

    /// Counts items that were read. Each must be answered once.
    pub fn owe(&self, items: usize) {
        self.delivery.undelivered.fetch_add(items, Ordering::AcqRel);
    }

    /// The ids in flight, to be held for one batch.
    pub fn in_flight(&self) -> MutexGuard<'_, HashSet<u32>> {
        self.in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers items that never began.
    pub fn refuse(&self, results: Vec<SignResult>) {
        if !results.is_empty() {
            // A send fails when the peer is gone: nobody is left to be told.
            let _ = self.send.send(Ok(results));
        }
    }

    /// Answers items that were in flight.
    pub fn finish(&self, results: Vec<SignResult>) {
        let mut in_flight = self.in_flight();
        // First, so that the peer may use an id again once it has the result.
        for result in &results {
            in_flight.remove(&result.id);
        }
        drop(in_flight);
        self.refuse(results);
    }

    /// Ends the stream, after what is in flight, with a status.
    pub fn end(&self, status: Status) {
        let _ = self.send.send(Err(status));
    }
}

/// The result of an item of which nothing was signed.
#[must_use]
pub fn refused(id: u32, refusal: Refusal) -> SignResult {
    SignResult {
        id,
        outcome: Some(Outcome::Failure(ItemStatus {
            code: refusal.code as i32,
            message: refusal.message.into_owned(),
            reason: refusal.reason.to_owned(),
            retry_after_ms: refusal.retry_after_ms,
        })),
        ..SignResult::default()
    }
}

impl Stream for ResultBatches {
    type Item = Result<SignBatchResponse, Status>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        while this.ready.len() < MAX_RESULTS_PER_BATCH {
            match this.receive.poll_recv(context) {
                Poll::Ready(Some(Ok(results))) if this.ready.is_empty() => this.ready = results,
                Poll::Ready(Some(Ok(results))) => this.ready.extend(results),
                Poll::Ready(Some(Err(status))) => this.end = Some(status),
                Poll::Pending if this.ready.is_empty() => return Poll::Pending,
                // Every sender is gone: all that was in flight is answered.
                Poll::Ready(None) if this.ready.is_empty() => {
                    return Poll::Ready(this.end.take().map(Err));
                }
                Poll::Pending | Poll::Ready(None) => break,
            }
        }
        let rest = this.ready.len().min(MAX_RESULTS_PER_BATCH);
        let rest = this.ready.split_off(rest);
        let results = std::mem::replace(&mut this.ready, rest);
        this.delivery
            .undelivered
            .fetch_sub(results.len(), Ordering::AcqRel);
        this.delivery.delivered.notify_one();
        Poll::Ready(Some(Ok(SignBatchResponse { results })))
    }
}

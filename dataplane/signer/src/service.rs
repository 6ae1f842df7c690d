//! The gRPC service: checks each item, hands good ones to the workers, answers
//! the others at once. A refused item never ends its stream.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::watch;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::algorithms::{Encoding, PrivateKey};
use crate::default_keys::LoadedKey;
use crate::limits::{MAX_DATA_BYTES, MAX_KEY_NAME_BYTES};
use crate::proto::sign_item::Input;
use crate::proto::signer_service_server::SignerService;
use crate::proto::v1::{self, Algorithm, Key, KeyKind, KeyState, KeyVersion};
use crate::proto::{
    ListKeysRequest, SignBatchRequest, SignItem, SignResult, SignStreamRequest, VerifyRequest,
};
use crate::stream::{self, Replies, ResultBatches, SignJob, given};
use crate::workers::Workers;

/// What every stream shares.
struct Shared {
    keys: BTreeMap<String, Arc<PrivateKey>>,
    workers: Workers<SignJob>,
}

pub struct Signer {
    shared: Arc<Shared>,
    listing: Vec<Key>,
    stopping: watch::Receiver<bool>,
}

impl Signer {
    /// `stopping` turns true when streams are to end after what they have in flight.
    #[must_use]
    pub fn new(
        stored: Vec<LoadedKey>,
        workers: Workers<SignJob>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let listing = stored.iter().map(listed).collect();
        let keys = stored
            .into_iter()
            .map(|stored| (stored.stored.record.id, Arc::new(stored.key)))
            .collect();
        Self {
            shared: Arc::new(Shared { keys, workers }),
            listing,
            stopping,
        }
    }
}

fn listed(loaded: &LoadedKey) -> Key {
    let record = &loaded.stored.record;
    let created_at_ms = record.created_at_ms;
    Key {
        id: record.id.clone(),
        kind: KeyKind::from(loaded.key.kind()).into(),
        state: KeyState::Enabled.into(),
        revision: 1,
        versions: vec![KeyVersion {
            version: 1,
            public_key_der: loaded.key.public_key_der().unwrap_or_default(),
            created_at_ms,
        }],
        created_at_ms,
        ..Key::default()
    }
}

/// Calls of the API that this signer doesn't answer yet.
macro_rules! unimplemented_calls {
    ($($name:ident($request:ty) -> $response:ty;)*) => {$(
        fn $name<'a, 'b>(
            &'a self,
            _: Request<$request>,
        ) -> Pin<Box<dyn Future<Output = Result<Response<$response>, Status>> + Send + 'b>>
        where
            'a: 'b,
            Self: 'b,
        {
            Box::pin(async { Err(Status::unimplemented(stringify!($name))) })
        }
    )*};
}

#[tonic::async_trait]
impl SignerService for Signer {
    async fn list_keys(
        &self,
        _: Request<ListKeysRequest>,
    ) -> Result<Response<v1::ListKeysResponse>, Status> {
        Ok(Response::new(v1::ListKeysResponse {
            keys: self.listing.clone(),
            next_page_token: String::new(),
        }))
    }

    type CreateBackupStream = tokio_stream::Empty<Result<v1::BackupChunk, Status>>;

    unimplemented_calls! {
        sign_stream(Streaming<SignStreamRequest>) -> SignResult;
        verify(VerifyRequest) -> v1::VerifyResponse;
        random(v1::RandomRequest) -> v1::RandomResponse;
        create_key(v1::CreateKeyRequest) -> Key;
        import_key(v1::ImportKeyRequest) -> Key;
        get_key(v1::GetKeyRequest) -> Key;
        rotate_key(v1::RotateKeyRequest) -> Key;
        enable_key(v1::ChangeKeyRequest) -> Key;
        disable_key(v1::ChangeKeyRequest) -> Key;
        schedule_key_deletion(v1::ScheduleDeletionRequest) -> Key;
        cancel_key_deletion(v1::ChangeKeyRequest) -> Key;
        destroy_key(v1::ChangeKeyRequest) -> Key;
        set_key_policy(v1::SetPolicyRequest) -> Key;
        set_key_labels(v1::SetLabelsRequest) -> Key;
        get_recipient(v1::GetRecipientRequest) -> v1::RecoveryRecipient;
        set_recipient(v1::SetRecipientRequest) -> v1::RecoveryRecipient;
        create_backup(v1::CreateBackupRequest) -> Self::CreateBackupStream;
        restore(Streaming<v1::RestoreRequest>) -> v1::RestoreResponse;
        get_transport_key(v1::GetTransportKeyRequest) -> v1::TransportKey;
        change_sealing_key(v1::ChangeSealingKeyRequest) -> v1::SealingStatus;
        get_sealing_status(v1::GetSealingStatusRequest) -> v1::SealingStatus;
    }

    type SignStream = ResultBatches;

    async fn sign(
        &self,
        request: Request<Streaming<SignBatchRequest>>,
    ) -> Result<Response<ResultBatches>, Status> {
        let (replies, batches) = stream::open();
        let shared = Arc::clone(&self.shared);
        let stopping = self.stopping.clone();
        tokio::spawn(read(shared, request.into_inner(), replies, stopping));
        Ok(Response::new(batches))
    }
}

/// Reads a stream until either side ends it or the process stops.
async fn read(
    shared: Arc<Shared>,
    mut requests: Streaming<SignBatchRequest>,
    replies: Replies,
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
            Ok(Some(batch)) => shared.take(batch, &replies),
            Ok(None) => return,
            Err(status) => {
                tracing::warn!(code = ?status.code(), message = status.message(), "stream ended");
                replies.end(status);
                return;
            }
        }
    }
}

impl Shared {
    fn take(&self, batch: SignBatchRequest, replies: &Replies) {
        let mut jobs = Vec::with_capacity(batch.items.len());
        for item in batch.items {
            replies.owe();
            let id = item.id;
            match self.check(item, replies) {
                Ok(job) => jobs.push(job),
                Err((code, message)) => replies.refuse(id, code, message),
            }
        }
        for job in self.workers.submit(jobs) {
            job.refuse(
                Code::ResourceExhausted,
                "the signer's queue is full; call again in a while",
            );
        }
    }

    fn check(&self, item: SignItem, replies: &Replies) -> Result<SignJob, (Code, String)> {
        if item.key.len() > MAX_KEY_NAME_BYTES {
            let message = format!("key: a name has at most {MAX_KEY_NAME_BYTES} bytes");
            return Err((Code::InvalidArgument, message));
        }
        let Some(key) = self.keys.get(&item.key) else {
            let known: Vec<&str> = self.keys.keys().map(String::as_str).collect();
            let message = format!("key: no {:?}; there are {}", item.key, known.join(", "));
            return Err((Code::NotFound, message));
        };
        let algorithm = Algorithm::try_from(item.algorithm).map_err(|_| {
            let message = format!("algorithm: this signer knows no {}", item.algorithm);
            (Code::InvalidArgument, message)
        })?;
        let Some(input) = item.input else {
            let message = String::from("input: neither data nor a digest; empty data is data too");
            return Err((Code::InvalidArgument, message));
        };
        let (Input::Data(bytes) | Input::Digest(bytes)) = &input;
        if bytes.len() > MAX_DATA_BYTES {
            let message = format!(
                "data: {} bytes, at most {MAX_DATA_BYTES} are signed",
                bytes.len()
            );
            return Err((Code::InvalidArgument, message));
        }
        key.kind()
            .check(algorithm, given(&input))
            .map_err(|error| (Code::InvalidArgument, error.to_string()))?;
        let encoding = Encoding::from_proto(item.encoding).ok_or_else(|| {
            let message = format!("encoding: no {}; there are DER, RAW", item.encoding);
            (Code::InvalidArgument, message)
        })?;
        if !replies.begin(item.id) {
            let message = format!("id: {} is already in flight on this stream", item.id);
            return Err((Code::InvalidArgument, message));
        }
        let key = Arc::clone(key);
        Ok(SignJob::new(
            item.id,
            key,
            algorithm,
            input,
            encoding,
            replies.clone(),
        ))
    }
}

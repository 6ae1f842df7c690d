//! The gRPC service: which call goes where. Signing goes to the workers, what waits for
//! the disk to threads that may; nothing here decides whether a key may be used.

mod backup;
mod change;
pub(crate) mod convert;
mod deletion;
mod hashed_streams;
mod keys;
mod listing;
mod restore;
mod sealing;
mod sign;
mod sign_stream;
mod status;
mod verify;

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use tokio::sync::{Notify, Semaphore, watch};
use tonic::{Request, Response, Status, Streaming};
use zeroize::Zeroizing;

use crate::algorithms::{Kind, MAX_PKCS8_BYTES, PrivateKey};
use crate::clock::Known;
use crate::job::SignJob;
use crate::kept_key::KeptKey;
use crate::keygen::{Keygen, KeygenError};
use crate::keyring::Keyring;
use crate::policy::{Refusal, Rule};
use crate::proto::signer_service_server::SignerService;
use crate::proto::v1::import_key_request::PrivateKey as GivenKey;
use crate::proto::v1::{self, Key};
use crate::proto::{
    ListKeysRequest, SignBatchRequest, SignResult, SignStreamRequest, VerifyRequest,
};
use crate::store::{Store, StoredKey};
use crate::stream::{self, ResultBatches};
use crate::transport_key::TransportKey;
use crate::workers::Workers;
use change::Once;
use hashed_streams::HashedStreams;
use keys::Described;

/// What every call shares.
pub struct Shared {
    pub keyring: Arc<Keyring>,
    store: Store,
    workers: Workers<SignJob>,
    keygen: Keygen,
    clock: Known,
    hashed_streams: HashedStreams,
    transport_key: TransportKey,
    kept_key: Mutex<Option<KeptKey>>,
    rewrap_begun: Notify,
    transfers: Arc<Semaphore>,
}

pub struct Signer {
    shared: Arc<Shared>,
    stopping: watch::Receiver<bool>,
}

impl Signer {
    /// `stopping` turns true when streams are to end after what they have in flight.
    /// `kept_key`: where a sealing key lies that replaced the given one.
    #[must_use]
    pub fn new(
        store: Store,
        keyring: Keyring,
        workers: Workers<SignJob>,
        keygen: Keygen,
        kept_key: Option<KeptKey>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let shared = Shared {
            keyring: Arc::new(keyring),
            store,
            workers,
            keygen,
            clock: Known::default(),
            hashed_streams: HashedStreams::default(),
            transport_key: TransportKey::generate(),
            kept_key: Mutex::new(kept_key),
            rewrap_begun: Notify::new(),
            transfers: Arc::new(Semaphore::new(1)),
        };
        Self {
            shared: Arc::new(shared),
            stopping,
        }
    }

    /// For what goes on in the background.
    #[must_use]
    pub fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    async fn with_store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> Result<T, Status> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        let shared = self.shared();
        in_background(move || work(&shared))
            .await
            .map(Response::new)
    }

    async fn change_key(
        &self,
        work: impl FnOnce(&Shared) -> Result<StoredKey, Status> + Send + 'static,
    ) -> Result<Response<Key>, Status> {
        self.with_store(|shared| Ok(convert::key(work(shared)?, true)))
            .await
    }
}

impl Shared {
    /// Keys of RSA take long, and wait for each other; the others are made at once.
    async fn generate(&self, kind: Kind) -> Result<PrivateKey, Status> {
        let made = match kind.is_slow_to_make() {
            true => self.keygen.generate(kind).await,
            false => PrivateKey::generate(kind).map_err(|_| KeygenError::Failed),
        };
        made.map_err(|error| match error {
            KeygenError::Full { retry_after_ms } => Refusal {
                message: "as many keys are being made as can wait; call again later".into(),
                ..Refusal::retry(Rule::QueueFull, retry_after_ms)
            }
            .into(),
            KeygenError::Failed => Status::internal("the key could not be made; call again"),
        })
    }
}

/// On a thread that may wait, to the end, whether or not anybody waits for it.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Status> + Send + 'static,
) -> Result<T, Status> {
    let fault = |_| Status::internal("broken off by a fault; look whether it was done");
    tokio::task::spawn_blocking(work).await.map_err(fault)?
}

/// Calls that change a key by its name in `Shared`, and answer it as it is then.
macro_rules! changes {
    ($($name:ident($request:ty) = $change:ident;)*) => {$(
        fn $name<'a, 'b>(
            &'a self,
            request: Request<$request>,
        ) -> Pin<Box<dyn Future<Output = Result<Response<Key>, Status>> + Send + 'b>>
        where
            'a: 'b,
            Self: 'b,
        {
            let request = request.into_inner();
            Box::pin(self.change_key(move |shared| shared.$change(&request)))
        }
    )*};
}

#[tonic::async_trait]
impl SignerService for Signer {
    type SignStream = ResultBatches;

    async fn sign(
        &self,
        request: Request<Streaming<SignBatchRequest>>,
    ) -> Result<Response<ResultBatches>, Status> {
        let (replies, batches) = stream::open();
        let stopping = self.stopping.clone();
        let requests = request.into_inner();
        tokio::spawn(sign::read(self.shared(), requests, replies, stopping));
        Ok(Response::new(batches))
    }

    async fn sign_stream(
        &self,
        request: Request<Streaming<SignStreamRequest>>,
    ) -> Result<Response<SignResult>, Status> {
        let result = sign_stream::sign_stream(&self.shared, request.into_inner()).await?;
        Ok(Response::new(result))
    }

    async fn verify(
        &self,
        request: Request<VerifyRequest>,
    ) -> Result<Response<v1::VerifyResponse>, Status> {
        let verified = verify::verify(&self.shared, request.into_inner()).await?;
        Ok(Response::new(verified))
    }

    async fn random(
        &self,
        request: Request<v1::RandomRequest>,
    ) -> Result<Response<v1::RandomResponse>, Status> {
        verify::random(request.into_inner()).map(Response::new)
    }

    async fn create_key(
        &self,
        request: Request<v1::CreateKeyRequest>,
    ) -> Result<Response<Key>, Status> {
        let request = request.into_inner();
        let kind = convert::kind(request.kind)?;
        let once = Once::new("CreateKey", &request.request_id, &request);
        let described = Described {
            id: convert::id(request.id)?,
            policy: convert::policy(request.policy, kind)?,
            labels: convert::labels(request.labels)?,
            imported: false,
        };
        let shared = self.shared();
        let (once, done) = in_background(move || {
            let done = shared.repeated(once.as_ref())?;
            Ok((once, done))
        })
        .await?;
        if let Some(done) = done {
            return Ok(Response::new(convert::key(done, true)));
        }
        let key = self.shared.generate(kind).await?;
        self.change_key(move |shared| shared.create(keys::new_key(described, &key)?, once.as_ref()))
            .await
    }

    async fn import_key(
        &self,
        request: Request<v1::ImportKeyRequest>,
    ) -> Result<Response<Key>, Status> {
        let mut request = request.into_inner();
        // Opened first: the same key, sealed again, is the same request.
        if let Some(GivenKey::SealedPkcs8(sealed)) = &request.private_key {
            let opened = self
                .shared
                .open_sealed("sealed_pkcs8", sealed, MAX_PKCS8_BYTES)?;
            request.private_key = Some(GivenKey::Pkcs8Der(opened.to_vec()));
        }
        let once = Once::new("ImportKey", &request.request_id, &request);
        let Some(GivenKey::Pkcs8Der(pkcs8)) = request.private_key.take() else {
            return Err(status::invalid("private_key: there is none"));
        };
        let pkcs8 = Zeroizing::new(pkcs8);
        self.change_key(move |shared| {
            if let Some(done) = shared.repeated(once.as_ref())? {
                return Ok(done);
            }
            let key = keys::import(pkcs8)?;
            let described = Described {
                id: convert::id(request.id)?,
                policy: convert::policy(request.policy, key.kind())?,
                labels: convert::labels(request.labels)?,
                imported: true,
            };
            shared.create(keys::new_key(described, &key)?, once.as_ref())
        })
        .await
    }

    async fn rotate_key(
        &self,
        request: Request<v1::RotateKeyRequest>,
    ) -> Result<Response<Key>, Status> {
        let request = request.into_inner();
        let once = Once::new("RotateKey", &request.request_id, &request);
        let shared = self.shared();
        let id = request.id.clone();
        // Looked at before a key is made for it, and again when it is there.
        let (once, done, kind) = in_background(move || {
            let done = shared.repeated(once.as_ref())?;
            let kind = keys::rotatable(&shared.store.get(&id)?);
            Ok((once, done, kind))
        })
        .await?;
        if let Some(done) = done {
            return Ok(Response::new(convert::key(done, true)));
        }
        let key = self.shared.generate(kind?).await?;
        self.change_key(move |shared| shared.rotate(&request, once.as_ref(), &key))
            .await
    }

    async fn list_keys(
        &self,
        request: Request<ListKeysRequest>,
    ) -> Result<Response<v1::ListKeysResponse>, Status> {
        let request = request.into_inner();
        self.with_store(move |shared| listing::list(shared, request))
            .await
    }

    async fn get_key(&self, request: Request<v1::GetKeyRequest>) -> Result<Response<Key>, Status> {
        let id = request.into_inner().id;
        self.with_store(move |shared| listing::get(shared, &id))
            .await
    }

    changes! {
        enable_key(v1::ChangeKeyRequest) = enable;
        disable_key(v1::ChangeKeyRequest) = disable;
        schedule_key_deletion(v1::ScheduleDeletionRequest) = schedule_deletion;
        cancel_key_deletion(v1::ChangeKeyRequest) = cancel_deletion;
        destroy_key(v1::ChangeKeyRequest) = destroy;
        set_key_policy(v1::SetPolicyRequest) = set_policy;
        set_key_labels(v1::SetLabelsRequest) = set_labels;
    }

    async fn get_recipient(
        &self,
        _: Request<v1::GetRecipientRequest>,
    ) -> Result<Response<v1::RecoveryRecipient>, Status> {
        self.with_store(listing::recipient).await
    }

    async fn set_recipient(
        &self,
        request: Request<v1::SetRecipientRequest>,
    ) -> Result<Response<v1::RecoveryRecipient>, Status> {
        let recipient = request.into_inner().recipient;
        self.with_store(move |shared| listing::set_recipient(shared, &recipient))
            .await
    }

    async fn get_sealing_status(
        &self,
        _: Request<v1::GetSealingStatusRequest>,
    ) -> Result<Response<v1::SealingStatus>, Status> {
        self.with_store(|shared| Ok(listing::sealing(shared))).await
    }

    async fn get_transport_key(
        &self,
        _: Request<v1::GetTransportKeyRequest>,
    ) -> Result<Response<v1::TransportKey>, Status> {
        Ok(Response::new(sealing::transport_key(&self.shared)))
    }

    async fn change_sealing_key(
        &self,
        request: Request<v1::ChangeSealingKeyRequest>,
    ) -> Result<Response<v1::SealingStatus>, Status> {
        let request = request.into_inner();
        self.with_store(move |shared| shared.change_sealing_key(&request))
            .await
    }

    type CreateBackupStream = backup::Chunks;

    async fn create_backup(
        &self,
        request: Request<v1::CreateBackupRequest>,
    ) -> Result<Response<backup::Chunks>, Status> {
        let chunks = backup::create(self.shared(), request.into_inner().ids).await?;
        Ok(Response::new(chunks))
    }

    async fn restore(
        &self,
        request: Request<Streaming<v1::RestoreRequest>>,
    ) -> Result<Response<v1::RestoreResponse>, Status> {
        let restored = restore::restore(self.shared(), request.into_inner()).await?;
        Ok(Response::new(restored))
    }
}

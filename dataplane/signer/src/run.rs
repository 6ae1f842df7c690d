//! From an opened store to a served socket and back: start, serve, stop.

use std::path::Path;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tonic::transport::Server;

use gatehouse_common::notify::Notifier;

use crate::default_keys;
use crate::error::{Kind, StartError};
use crate::kept_key::KeptKey;
use crate::keygen::Keygen;
use crate::keyring::Keyring;
use crate::limits::{
    CONNECTION_WINDOW_BYTES, MAX_MESSAGE_BYTES, MAX_STREAMS_PER_CONNECTION, SHUTDOWN_GRACE,
    STREAM_WINDOW_BYTES,
};
use crate::proto::signer_service_server::SignerServiceServer;
use crate::recovery;
use crate::service::Signer;
use crate::socket::{Peers, Socket};
use crate::store::sealing_key::SealingKey;
use crate::store::{Opened, Options, Store};
use crate::workers::Workers;

/// What ends the signer, beside SIGTERM.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// SIGINT: it runs alone.
    BySignal,
    /// The end of standard input: whoever started it is gone, however it died. A
    /// Ctrl-C in its terminal reaches both, and is the parent's to act on.
    WithParent,
}

/// What the command line says, but for secrets.
pub struct Setup<'a> {
    pub socket: &'a Path,
    pub peers: Peers,
    /// To whom backups are encrypted, where the store doesn't know yet.
    pub recovery_recipient: Option<String>,
    /// Directory of the store.
    pub state: &'a Path,
    /// Go on with what is whole of a damaged store, and give up the rest.
    pub accept_loss: bool,
    /// Where a sealing key is kept that replaces the given one.
    pub kept_key: Option<KeptKey>,
    pub ending: Ending,
    pub systemd: Notifier,
}

/// Serves until it is told to stop. `bound` is called once, when nothing needs to be opened
/// any more and before the first call is answered; `ready` after it. Of the sealing keys the
/// first that opens the store is taken.
///
/// # Errors
/// What kept it from starting; after that only a failed listener.
pub async fn serve(
    setup: Setup<'_>,
    sealing_keys: Vec<SealingKey>,
    bound: impl FnOnce() -> Result<(), StartError>,
    ready: impl FnOnce(),
) -> Result<(), StartError> {
    let Setup {
        socket,
        recovery_recipient,
        peers,
        state,
        accept_loss,
        kept_key,
        ending,
        systemd,
    } = setup;
    let failed =
        |what: &str, error: &dyn std::fmt::Display| StartError::system(format!("{what}: {error}"));
    // Before anything can be asked, so that a signal is never lost.
    let mut terminate =
        signal(SignalKind::terminate()).map_err(|error| failed("signals", &error))?;
    let mut interrupt =
        signal(SignalKind::interrupt()).map_err(|error| failed("signals", &error))?;

    let options = Options {
        accept_loss,
        first_keys: &default_keys::make,
        public_half: &default_keys::public_half,
    };
    let (store, opened) = open_store(state, &sealing_keys, &options)?;
    drop(sealing_keys);
    tracing::info!(keys = opened.keys.len(), damaged = ?opened.damaged, created = opened.created, state = %state.display(), "store opened");
    if let Some(recipient) = recovery_recipient {
        recovery::set_once(&store, recipient);
    }
    let keyring = Keyring::new(opened.keys, opened.damaged, store.opener());

    let workers = Workers::start().map_err(|error| failed("worker threads", &error))?;
    let (stop, stopping) = watch::channel(false);
    let keygen = Keygen::start().map_err(|error| failed("a thread to make keys", &error))?;
    let signer = Signer::new(store, keyring, workers, keygen, kept_key, stopping.clone());
    let shared = signer.shared();
    let keyring = Arc::clone(&shared.keyring);
    std::thread::Builder::new()
        .name("open-keys".into())
        .spawn(move || keyring.open_all())
        .map_err(|error| failed("a thread to open keys", &error))?;
    let deleting = tokio::spawn(Arc::clone(&shared).delete_when_due());
    let rewrapping = tokio::spawn(shared.rewrap_when_begun());
    let service = SignerServiceServer::new(signer)
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES);

    let socket = Socket::bind(socket).await?;
    bound()?;
    let (connections, file) = socket.into_connections(peers);
    let until = |mut stopping: watch::Receiver<bool>| async move {
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    let server = Server::builder()
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(MAX_STREAMS_PER_CONNECTION)
        .add_service(service)
        .serve_with_incoming_shutdown(connections, until(stopping.clone()));
    ready();
    if let Err(error) = systemd.notify("READY=1") {
        tracing::warn!(%error, "systemd was not told that the signer is ready");
    }

    let asked = async {
        let interrupted = async {
            while interrupt.recv().await.is_some() {
                if ending == Ending::BySignal {
                    return;
                }
            }
            std::future::pending().await
        };
        let parent_gone = async {
            match ending {
                Ending::WithParent => stdin_end().await,
                Ending::BySignal => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            () = interrupted => "SIGINT",
            () = parent_gone => "end of standard input",
        }
    };
    let grace = async {
        let by = asked.await;
        tracing::info!(by, "stopping");
        let _ = systemd.notify("STOPPING=1");
        let _ = stop.send(true);
        tokio::time::sleep(SHUTDOWN_GRACE).await;
    };
    let result = tokio::select! {
        served = server => served.map_err(|error| failed("the server ended", &error)),
        () = grace => {
            tracing::warn!("what was still in flight was given up");
            Ok(())
        }
    };
    drop(file);
    deleting.abort();
    rewrapping.abort();
    result
}

fn open_store(
    state: &Path,
    sealing_keys: &[SealingKey],
    options: &Options<'_>,
) -> Result<(Store, Opened), StartError> {
    let mut refused = StartError::new(Kind::NoSealingKey, "no sealing key was given");
    for key in sealing_keys {
        match Store::open(state, key, options) {
            Err(error) if error.kind == Kind::WrongSealingKey => refused = error,
            opened => return opened,
        }
    }
    Err(refused)
}

/// Ends with standard input. A thread of its own waits, which costs nothing at exit.
async fn stdin_end() {
    let (send, receive) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        let _ = send.send(());
    });
    let _ = receive.await;
}

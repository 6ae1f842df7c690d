//! A disk that fills up, turns read-only or fails under a running signer, as its callers
//! see it: each change is refused with a status that names the disk, signing goes on, and
//! when the disk is well again the same changes are taken, without a new start.

use gatehouse_common::notify::Notifier;
use gatehouse_signer::proto::ListKeysRequest;
use gatehouse_signer::proto::sign_result::Outcome;
use gatehouse_signer::proto::signer_service_client::SignerServiceClient;
use gatehouse_signer::proto::v1::{
    Algorithm, ChangeKeyRequest, CreateKeyRequest, KeyKind, KeyPolicy, RotateKeyRequest,
    ScheduleDeletionRequest, SetLabelsRequest, SetPolicyRequest,
};
use gatehouse_signer::run::{Ending, Setup, serve};
use gatehouse_signer::socket::Peers;
use rustix::io::Errno;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

use crate::common::{batch, connect, item, openssl_verifies};
use crate::model::{scratch, sealing_key};
use crate::recorder::{Failure, Recording};

type Client = SignerServiceClient<Channel>;

/// Every change that there is, in an order in which each can be done.
const CHANGES: [&str; 9] = [
    "create", "rotate", "policy", "labels", "disable", "enable", "schedule", "cancel", "destroy",
];

async fn change(client: &mut Client, name: &str) -> Result<(), Status> {
    let id = || "changed".to_owned();
    let of_key = || ChangeKeyRequest {
        id: id(),
        ..ChangeKeyRequest::default()
    };
    let done = |answer: Result<Response<_>, Status>| answer.map(drop);
    match name {
        "create" => done(
            client
                .create_key(CreateKeyRequest {
                    id: "another".into(),
                    kind: KeyKind::EcP256.into(),
                    ..CreateKeyRequest::default()
                })
                .await,
        ),
        "rotate" => done(
            client
                .rotate_key(RotateKeyRequest {
                    id: id(),
                    ..RotateKeyRequest::default()
                })
                .await,
        ),
        "policy" => done(
            client
                .set_key_policy(SetPolicyRequest {
                    id: id(),
                    policy: Some(KeyPolicy {
                        identities: vec!["web".into()],
                        ..KeyPolicy::default()
                    }),
                    ..SetPolicyRequest::default()
                })
                .await,
        ),
        "labels" => done(
            client
                .set_key_labels(SetLabelsRequest {
                    id: id(),
                    labels: [("team".into(), "a".into())].into(),
                    ..SetLabelsRequest::default()
                })
                .await,
        ),
        "disable" => done(client.disable_key(of_key()).await),
        "enable" => done(client.enable_key(of_key()).await),
        "schedule" => done(
            client
                .schedule_key_deletion(ScheduleDeletionRequest {
                    id: id(),
                    ..ScheduleDeletionRequest::default()
                })
                .await,
        ),
        "cancel" => done(client.cancel_key_deletion(of_key()).await),
        _ => done(client.destroy_key(of_key()).await),
    }
}

/// A signature of a key that nothing happens to, which openssl must take.
async fn signs(client: &mut Client) {
    let key = "default-p256";
    let (send, receive) = mpsc::channel(1);
    let item = item(1, (key, Algorithm::EcdsaP256Sha256), "gatehouse");
    send.send(batch(vec![item])).await.unwrap();
    let stream = client.sign(ReceiverStream::new(receive)).await;
    let answer = stream.unwrap().into_inner().message().await.unwrap();
    let Some(Outcome::Signature(signature)) = &answer.unwrap().results[0].outcome else {
        panic!("no signature while the disk fails");
    };
    let request = gatehouse_signer::proto::v1::GetKeyRequest { id: key.into() };
    let public = client.get_key(request).await.unwrap().into_inner();
    let public = &public.versions[0].public_key_der;
    let algorithm = Algorithm::EcdsaP256Sha256;
    assert!(openssl_verifies(public, algorithm, b"gatehouse", signature));
}

/// All keys as they are listed.
async fn listed(client: &mut Client) -> Vec<gatehouse_signer::proto::v1::Key> {
    let request = ListKeysRequest::default();
    client.list_keys(request).await.unwrap().into_inner().keys
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().build().unwrap()
}

fn seen_by_callers(errno: Errno, expected: &[(Code, &str)]) {
    let state = scratch();
    let place = scratch();
    let socket = place.path().join("signer.sock");
    let recording = Recording::start(state.path(), None);
    let (ready, is_ready) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let (directory, at) = (state.path().to_owned(), socket.clone());
    let serving = std::thread::spawn(move || {
        runtime().block_on(async {
            let setup = Setup {
                socket: &at,
                peers: Peers::default(),
                recovery_recipient: None,
                state: &directory,
                accept_loss: false,
                kept_key: None,
                ending: Ending::BySignal,
                systemd: Notifier::default(),
            };
            let ready = || ready.send(()).unwrap();
            tokio::select! {
                // Not confined: the rest of this program would be, too.
                served = serve(setup, vec![sealing_key(1)], || Ok(()), ready) => served.unwrap(),
                _ = stopped => {}
            }
        });
    });
    let mut refused = 0;
    runtime().block_on(async {
        is_ready.await.unwrap();
        let mut client = connect(&socket).await;
        let create = CreateKeyRequest {
            id: "changed".into(),
            kind: KeyKind::Ed25519.into(),
            ..CreateKeyRequest::default()
        };
        client.create_key(create).await.unwrap();
        for name in CHANGES {
            // A key must not be enabled to be destroyed.
            if name == "destroy" {
                change(&mut client, "disable").await.unwrap();
            }
            let before = listed(&mut client).await;
            recording.fail(Some(Failure {
                first: 0,
                calls: usize::MAX,
                errno,
            }));
            for _ in 0..2 {
                let Err(status) = change(&mut client, name).await else {
                    panic!("{name} was taken");
                };
                let reason = status.get_details_error_info().unwrap().reason;
                let told = (status.code(), reason.as_str());
                assert!(expected.contains(&told), "{name}: {told:?}, {status}");
                refused += 1;
            }
            signs(&mut client).await;
            assert_eq!(listed(&mut client).await, before, "{name}");
            recording.fail(None);
            change(&mut client, name).await.unwrap();
            signs(&mut client).await;
        }
    });
    println!("{errno}: {refused} changes refused, signatures given meanwhile");
    stop.send(()).unwrap();
    serving.join().unwrap();
}

#[test]
fn a_full_disk_refuses_callers_changes_and_signing_goes_on() {
    let told = (Code::ResourceExhausted, "STORE_DISK_FULL");
    seen_by_callers(Errno::NOSPC, &[told]);
}

#[test]
fn a_read_only_disk_refuses_callers_changes_and_signing_goes_on() {
    let told = (Code::FailedPrecondition, "STORE_READ_ONLY");
    seen_by_callers(Errno::ROFS, &[told]);
}

#[test]
fn a_failing_disk_refuses_callers_changes_and_signing_goes_on() {
    seen_by_callers(Errno::IO, &[(Code::Unavailable, "STORE_IO")]);
}

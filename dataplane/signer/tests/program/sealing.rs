//! Secrets for the signer's eyes only, and the change of the sealing key, over the real
//! socket: what doesn't open is refused, what was begun ends, however it is broken off.

use crate::common::{Place, Running, item, signature};
use gatehouse_signer::algorithms::{Kind, PrivateKey};
use gatehouse_signer::proto::signer_service_client::SignerServiceClient;
use gatehouse_signer::proto::v1::import_key_request::PrivateKey as Given;
use gatehouse_signer::proto::v1::{
    Algorithm, ChangeSealingKeyRequest, CreateKeyRequest, GetSealingStatusRequest,
    GetTransportKeyRequest, ImportKeyRequest, KeyKind, SealingStatus,
};
use std::fs;
use std::process::Command;
use std::time::Duration;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

type Client = SignerServiceClient<Channel>;

const P256: (&str, Algorithm) = ("default-p256", Algorithm::EcdsaP256Sha256);

fn reason(status: &Status) -> String {
    status
        .get_details_error_info()
        .map_or(String::new(), |info| info.reason)
}

/// Encrypted to the signer that the client calls.
async fn sealed(client: &mut Client, secret: &[u8]) -> Vec<u8> {
    let key = client.get_transport_key(GetTransportKeyRequest {}).await;
    let recipient = key.unwrap().into_inner().recipient;
    let recipient: age::x25519::Recipient = recipient.parse().unwrap();
    age::encrypt(&recipient, secret).unwrap()
}

fn import(id: &str, sealed: Vec<u8>) -> ImportKeyRequest {
    ImportKeyRequest {
        request_id: format!("import {id}"),
        id: id.into(),
        private_key: Some(Given::SealedPkcs8(sealed)),
        ..ImportKeyRequest::default()
    }
}

#[tokio::test]
async fn a_key_is_imported_sealed_and_one_that_was_not_sealed_to_this_signer_is_not() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    let key = PrivateKey::generate(Kind::P256).unwrap();
    let pkcs8 = key.to_pkcs8().unwrap();
    let first = sealed(&mut client, &pkcs8).await;
    let made = client.import_key(import("mine", first.clone())).await;
    let made = made.unwrap().into_inner();
    assert_eq!(
        made.versions[0].public_key_der,
        key.public_key_der().unwrap()
    );
    // Sealed again it is the same request; another key under its id is not.
    let again = sealed(&mut client, &pkcs8).await;
    assert_ne!(again, first);
    let repeated = client.import_key(import("mine", again)).await;
    assert_eq!(repeated.unwrap().into_inner(), made);
    let other = PrivateKey::generate(Kind::P256)
        .unwrap()
        .to_pkcs8()
        .unwrap();
    let other = sealed(&mut client, &other).await;
    let refused = client.import_key(import("mine", other)).await;
    assert_eq!(reason(&refused.unwrap_err()), "REQUEST_ID_REUSED");

    for (bad, code) in [
        (Vec::new(), Code::InvalidArgument),
        (pkcs8.to_vec(), Code::InvalidArgument),
        (first[..first.len() - 1].to_vec(), Code::InvalidArgument),
        (sealed(&mut client, b"no key").await, Code::InvalidArgument),
        (sealed(&mut client, &[0; 9000]).await, Code::InvalidArgument),
    ] {
        let error = client.import_key(import("bad", bad)).await.unwrap_err();
        assert_eq!(error.code(), code, "{error:?}");
    }
    drop(signer);
    let signer = place.start();
    let mut client = signer.client().await;
    let error = client.import_key(import("late", first)).await.unwrap_err();
    assert_eq!(reason(&error), "TRANSPORT_KEY_CHANGED");
    assert!(error.message().contains("GetTransportKey"));
}

async fn begin(client: &mut Client, key: &[u8]) -> Result<SealingStatus, Status> {
    let sealed_key = sealed(client, key).await;
    let begun = client.change_sealing_key(ChangeSealingKeyRequest { sealed_key });
    begun.await.map(tonic::Response::into_inner)
}

async fn status(client: &mut Client) -> SealingStatus {
    let status = client.get_sealing_status(GetSealingStatusRequest {}).await;
    status.unwrap().into_inner()
}

async fn done(client: &mut Client) -> SealingStatus {
    for _ in 0..2_000 {
        let now = status(client).await;
        if now.rows_left == 0 {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it doesn't end");
}

async fn create(client: &mut Client, ids: impl Iterator<Item = String>) {
    for id in ids {
        let request = CreateKeyRequest {
            id,
            kind: KeyKind::Ed25519.into(),
            ..CreateKeyRequest::default()
        };
        client.create_key(request).await.unwrap();
    }
}

#[tokio::test]
async fn the_sealing_key_is_changed_while_signing_goes_on_and_the_old_one_opens_nothing() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    create(&mut client, (0..20).map(|n| format!("k{n}"))).await;
    let keys = signer.keys().await;
    let mut stream = signer.stream().await;
    for bad in [&[7; 31][..], &[7; 33], &[], &[b'a'; 64]] {
        let error = begin(&mut client, bad).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument, "{error:?}");
    }
    assert_eq!(begin(&mut client, &[7; 32]).await.unwrap().generation, 2);
    let mut signatures = 0;
    while status(&mut client).await.rows_left > 0 || signatures == 0 {
        let results = stream.ask(vec![item(1, P256, "x")]).await;
        assert!(!signature(&results[0]).is_empty());
        signatures += 1;
    }
    // Whoever lost the answer asks again, and nothing more is done.
    let again = begin(&mut client, &[7; 32]).await.unwrap();
    assert_eq!((again.generation, again.rows_left), (2, 0));
    drop(signer);
    let (code, said) = place.refusal();
    assert_eq!(code, 78);
    assert!(said.contains("changed to last"), "{said}");
    fs::write(place.sealing_key(), [7; 32]).unwrap();
    assert_eq!(place.start().keys().await, keys);
}

#[tokio::test]
async fn a_change_killed_at_any_moment_goes_on_at_the_next_start_with_either_key() {
    let place = Place::new();
    let mut signer = place.start();
    let mut client = signer.client().await;
    create(&mut client, (0..100).map(|n| format!("k{n}"))).await;
    let keys = signer.keys().await;
    for round in 0..12_u8 {
        let next = [round + 1; 32];
        let before = status(&mut client).await.generation;
        // Asked for, and killed between nothing of it and all of it.
        let asking = {
            let mut client = client.clone();
            tokio::spawn(async move { begin(&mut client, &next).await })
        };
        tokio::time::sleep(Duration::from_millis(u64::from(round) * 4)).await;
        signer.kill();
        let _ = asking.await;
        // Every other time the new key is tried first.
        let old = fs::read(place.sealing_key()).unwrap();
        let (first, second) = match round % 2 {
            1 => (next.to_vec(), old),
            _ => (old, next.to_vec()),
        };
        fs::write(place.sealing_key(), first).unwrap();
        if !opens(&place) {
            fs::write(place.sealing_key(), second).unwrap();
        }
        signer = place.start();
        client = signer.client().await;
        // Whatever was done of it: asked for again, it is done.
        done(&mut client).await;
        begin(&mut client, &next).await.unwrap();
        assert_eq!(done(&mut client).await.generation, before + 1);
        fs::write(place.sealing_key(), next).unwrap();
        assert_eq!(signer.keys().await, keys);
    }
}

/// Whether the sealing key in the place is a right one.
fn opens(place: &Place) -> bool {
    let mut command = place.command();
    // Standard input is at its end: it starts and stops.
    let output = command.arg("--stop-at-stdin-end").output().unwrap();
    output.status.code() != Some(78)
}

fn with_kept_key(place: &Place, dir: &std::path::Path) -> Command {
    let mut command = place.command();
    command.arg("--replaced-key-dir").arg(dir);
    command
}

#[tokio::test]
async fn a_restart_finds_the_new_key_where_the_machine_still_gives_the_old_one() {
    let place = Place::new();
    let in_memory = tempfile::tempdir_in("/dev/shm").unwrap();
    let start = || Running::start(with_kept_key(&place, in_memory.path()), place.socket());
    let mut signer = start();
    let keys = signer.keys().await;
    for byte in [7, 8] {
        let mut client = signer.client().await;
        begin(&mut client, &[byte; 32]).await.unwrap();
        done(&mut client).await;
        signer.kill();
        assert_eq!(place.refusal().0, 78);
        signer = start();
        assert_eq!(signer.keys().await, keys);
    }
    signer.kill();
    // A new store has nothing to do with it.
    fs::remove_dir_all(place.state()).unwrap();
    start().kill();
    place.start().kill();
    let (code, said) = crate::common::refusal(with_kept_key(&place, std::path::Path::new("/proc")));
    assert_eq!(code, 71);
    assert!(said.contains("not lie on a disk"), "{said}");
}

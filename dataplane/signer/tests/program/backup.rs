//! Backup and restore over the real socket: what was saved comes back on another store as it
//! was, and whatever is wrong with a file, an identity or a request changes nothing.

use crate::common::{Place, Running, item, openssl_verifies, signature};
use age::secrecy::ExposeSecret;
use age::x25519::Identity;
use aws_lc_rs::digest::{SHA256, digest};
use gatehouse_signer::algorithms::{Kind, PrivateKey};
use gatehouse_signer::backup::content::ContentWriter;
use gatehouse_signer::proto::ListKeysRequest as SignerListKeysRequest;
use gatehouse_signer::proto::backup::v1::{BackupHeader, BackupKey};
use gatehouse_signer::proto::signer_service_client::SignerServiceClient;
use gatehouse_signer::proto::v1::restore_request::Part;
use gatehouse_signer::proto::v1::{
    Algorithm, ChangeKeyRequest, CreateBackupRequest, CreateKeyRequest, GetKeyRequest,
    GetTransportKeyRequest, Key, KeyKind, KeyPolicy, KeyState, KeyVersion, ListKeysRequest,
    RestoreRequest, RestoreResponse, RestoreStart, RotateKeyRequest, ScheduleDeletionRequest,
    SetRecipientRequest,
};
use gatehouse_signer::store::sealing_key::SealingKey;
use gatehouse_signer::store::{
    Change, KeyRecord, KeyState as StoredState, NewKey, NewVersion, Options, Policy, Store, Usage,
};
use std::io::Write;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

type Client = SignerServiceClient<Channel>;

fn reason(status: &Status) -> String {
    status
        .get_details_error_info()
        .map_or(String::new(), |info| info.reason)
}

async fn backup(client: &mut Client, ids: &[&str]) -> Result<Vec<u8>, Status> {
    let ids = ids.iter().map(|id| (*id).to_owned()).collect();
    let asked = client.create_backup(CreateBackupRequest { ids }).await?;
    let mut chunks = asked.into_inner();
    let mut file = Vec::new();
    while let Some(chunk) = chunks.message().await? {
        assert!(chunk.left_out.is_empty());
        file.extend(chunk.data);
    }
    Ok(file)
}

struct Ask<'a> {
    file: &'a [u8],
    identity: &'a Identity,
    start: RestoreStart,
}

fn ask<'a>(file: &'a [u8], identity: &'a Identity) -> Ask<'a> {
    Ask {
        file,
        identity,
        start: RestoreStart::default(),
    }
}

async fn restore(client: &mut Client, ask: Ask<'_>) -> Result<RestoreResponse, Status> {
    let key = client.get_transport_key(GetTransportKeyRequest {}).await?;
    let to: age::x25519::Recipient = key.into_inner().recipient.parse().unwrap();
    let text = ask.identity.to_string();
    let start = RestoreStart {
        sealed_identity: age::encrypt(&to, text.expose_secret().as_bytes()).unwrap(),
        sha256: digest(&SHA256, ask.file).as_ref().to_vec(),
        bytes: ask.file.len() as u64,
        ..ask.start
    };
    send(client, start, ask.file).await
}

async fn send(
    client: &mut Client,
    start: RestoreStart,
    file: &[u8],
) -> Result<RestoreResponse, Status> {
    let data = file.chunks(50_000).map(|data| Part::Data(data.to_vec()));
    let parts: Vec<RestoreRequest> = std::iter::once(Part::Start(start))
        .chain(data)
        .map(|part| RestoreRequest { part: Some(part) })
        .collect();
    let answer = client.restore(tokio_stream::iter(parts)).await?;
    Ok(answer.into_inner())
}

/// Of all states.
async fn all(client: &mut Client) -> Vec<Key> {
    let list = ListKeysRequest {
        states: vec![1, 2, 3, 4],
        page_size: 1000,
        ..ListKeysRequest::default()
    };
    let list = SignerListKeysRequest {
        list: Some(list),
        ..SignerListKeysRequest::default()
    };
    let listed = client.list_keys(list).await.unwrap().into_inner();
    let mut keys = Vec::new();
    for Key { id, .. } in listed.keys {
        keys.push(
            client
                .get_key(GetKeyRequest { id })
                .await
                .unwrap()
                .into_inner(),
        );
    }
    keys
}

fn named(id: &str) -> ChangeKeyRequest {
    ChangeKeyRequest {
        id: id.into(),
        ..ChangeKeyRequest::default()
    }
}

/// Keys of several kinds in every state, with versions, a policy and labels.
async fn fill(client: &mut Client, identity: &Identity) {
    let recipient = identity.to_public().to_string();
    client
        .set_recipient(SetRecipientRequest { recipient })
        .await
        .unwrap();
    for (id, kind) in [
        ("web", KeyKind::EcP256),
        ("off", KeyKind::Ed25519),
        ("going", KeyKind::EcP384),
        ("gone", KeyKind::EcP521),
    ] {
        let request = CreateKeyRequest {
            id: id.into(),
            kind: kind.into(),
            policy: Some(KeyPolicy {
                identities: vec!["web".into()],
                signatures_per_second: 9,
                ..KeyPolicy::default()
            }),
            labels: [("team".to_owned(), id.to_owned())].into(),
            ..CreateKeyRequest::default()
        };
        client.create_key(request).await.unwrap();
    }
    for _ in 0..2 {
        let rotate = RotateKeyRequest {
            id: "web".into(),
            ..RotateKeyRequest::default()
        };
        client.rotate_key(rotate).await.unwrap();
    }
    client.disable_key(named("off")).await.unwrap();
    client.disable_key(named("gone")).await.unwrap();
    client.destroy_key(named("gone")).await.unwrap();
    let schedule = ScheduleDeletionRequest {
        id: "going".into(),
        ..ScheduleDeletionRequest::default()
    };
    client.schedule_key_deletion(schedule).await.unwrap();
}

struct Pair {
    _places: [Place; 2],
    one: Running,
    other: Running,
    identity: Identity,
}

async fn pair() -> Pair {
    let places = [Place::new(), Place::new()];
    let (one, other) = (places[0].start(), places[1].start());
    let identity = Identity::generate();
    fill(&mut one.client().await, &identity).await;
    Pair {
        _places: places,
        one,
        other,
        identity,
    }
}

#[tokio::test]
async fn a_backup_comes_back_on_another_store_as_it_was_and_signs_there() {
    let Pair {
        one,
        mut other,
        identity,
        _places,
    } = pair().await;
    let mut from = one.client().await;
    let mut to = other.client().await;
    let file = backup(&mut from, &[]).await.unwrap();
    let before = all(&mut from).await;

    // Every appliance has default keys of its own: that is said, and nothing done.
    let refused = restore(&mut to, ask(&file, &identity)).await.unwrap_err();
    assert_eq!(reason(&refused), "RESTORE_CONFLICT");
    assert!(
        refused.message().contains("default-p256")
            && refused.message().contains("replace_well_known")
    );
    assert_eq!(all(&mut to).await.len(), 3);

    let mut dry = ask(&file, &identity);
    dry.start.replace_well_known = true;
    dry.start.dry_run = true;
    let dry = restore(&mut to, dry).await.unwrap();
    assert_eq!((dry.restored_count, dry.restored.len()), (7, 7));
    assert_eq!(all(&mut to).await.len(), 3);

    let mut whole = ask(&file, &identity);
    whole.start.replace_well_known = true;
    assert_eq!(restore(&mut to, whole).await.unwrap().restored_count, 7);
    let mut after = all(&mut to).await;
    for key in &mut after {
        if key.id.starts_with("default-") {
            assert_eq!(key.revision, 2);
            key.revision = 1;
        }
    }
    assert_eq!(after, before);

    // Signed there, verified with the public half from here.
    let p256 = ("default-p256", Algorithm::EcdsaP256Sha256);
    let signed = other.stream().await.ask(vec![item(1, p256, "x")]).await;
    let public = before.iter().find(|key| key.id == p256.0).unwrap();
    let public = &public.versions[0].public_key_der;
    assert!(openssl_verifies(
        public,
        p256.1,
        b"x",
        signature(&signed[0])
    ));

    // The same again: they are there, and stay as they are, also when changed since.
    to.enable_key(named("off")).await.unwrap();
    let again = restore(&mut to, ask(&file, &identity)).await.unwrap();
    assert_eq!((again.restored_count, again.skipped_count), (0, 7));
    let kept = all(&mut to).await;
    assert_eq!(
        kept.iter().find(|key| key.id == "off").unwrap().state(),
        KeyState::Enabled
    );
    other.kill();
    let other = _places[1].start();
    assert_eq!(all(&mut other.client().await).await, kept);
}

#[tokio::test]
async fn chosen_keys_are_saved_and_restored_and_an_existing_one_is_left_alone() {
    let Pair {
        one,
        other,
        identity,
        _places,
    } = pair().await;
    let mut from = one.client().await;
    let mut to = other.client().await;
    let error = backup(&mut from, &["web", "none"]).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    let some = backup(&mut from, &["web", "off", "web"]).await.unwrap();
    let chosen = |ids: &[&str], skip_existing| {
        let mut ask = ask(&some, &identity);
        ask.start.ids = ids.iter().map(|id| (*id).to_owned()).collect();
        ask.start.skip_existing = skip_existing;
        ask
    };
    let error = restore(&mut to, chosen(&["web", "going"], false))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), reason(&error).as_str()),
        (Code::NotFound, "KEY_NOT_IN_BACKUP")
    );
    let done = restore(&mut to, chosen(&["web"], false)).await.unwrap();
    assert_eq!(done.restored, ["web"]);

    // Another key under the id of one in the file.
    let own = CreateKeyRequest {
        id: "off".into(),
        kind: KeyKind::Ed25519.into(),
        ..CreateKeyRequest::default()
    };
    let own = to.create_key(own).await.unwrap().into_inner();
    let error = restore(&mut to, chosen(&[], false)).await.unwrap_err();
    assert_eq!(
        (error.code(), reason(&error).as_str()),
        (Code::AlreadyExists, "RESTORE_CONFLICT")
    );
    let done = restore(&mut to, chosen(&[], true)).await.unwrap();
    assert_eq!(
        (done.restored.len(), done.skipped),
        (0, vec!["web".to_owned(), "off".to_owned()])
    );
    let get = GetKeyRequest { id: "off".into() };
    assert_eq!(to.get_key(get).await.unwrap().into_inner(), own);
    // Fewer versions than the file has are not the same key.
    let newer = backup(&mut from, &["web"]).await.unwrap();
    let rotate = RotateKeyRequest {
        id: "web".into(),
        ..RotateKeyRequest::default()
    };
    from.rotate_key(rotate).await.unwrap();
    let newest = backup(&mut from, &["web"]).await.unwrap();
    assert_eq!(
        restore(&mut to, ask(&newer, &identity))
            .await
            .unwrap()
            .skipped,
        ["web"]
    );
    let error = restore(&mut to, ask(&newest, &identity)).await.unwrap_err();
    assert_eq!(reason(&error), "RESTORE_CONFLICT");
}

#[tokio::test]
async fn a_cut_or_changed_file_another_identity_and_another_form_change_nothing() {
    let Pair {
        one,
        other,
        identity,
        _places,
    } = pair().await;
    let file = backup(&mut one.client().await, &["web", "off", "going", "gone"])
        .await
        .unwrap();
    let mut to = other.client().await;
    let before = all(&mut to).await;
    let header = file
        .windows(4)
        .position(|window| window == b"\n---")
        .unwrap()
        + 49;
    for len in (1..file.len())
        .step_by(37)
        .chain([header, header + 16, header + 32, file.len() - 1])
    {
        let error = restore(&mut to, ask(&file[..len], &identity))
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), reason(&error).as_str()),
            (Code::InvalidArgument, "BACKUP_UNREADABLE"),
            "{len}"
        );
    }
    for at in (0..file.len()).step_by(23) {
        let mut changed = file.clone();
        changed[at] ^= 1;
        let error = restore(&mut to, ask(&changed, &identity))
            .await
            .unwrap_err();
        let stands_for = (at > header).then_some("BACKUP_UNREADABLE");
        let said = reason(&error);
        assert!(
            stands_for.is_none_or(|reason| reason == said),
            "{at} {said}"
        );
        assert!(
            ["BACKUP_UNREADABLE", "WRONG_IDENTITY"].contains(&said.as_str()),
            "{at} {said}"
        );
    }
    let error = restore(&mut to, ask(&file, &Identity::generate()))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), reason(&error).as_str()),
        (Code::PermissionDenied, "WRONG_IDENTITY")
    );

    // Whoever knows the recipient can encrypt to it: the content is looked at as well.
    let sealed = |content: &[u8]| age::encrypt(&identity.to_public(), content).unwrap();
    for (content, said) in [
        (&b""[..], "no backup"),
        (b"gatehouse backup 2\n", "format is 2"),
        (b"gatehouse backup 1\n", "no header"),
        (b"PK\x03\x04", "no backup"),
    ] {
        let error = restore(&mut to, ask(&sealed(content), &identity))
            .await
            .unwrap_err();
        assert!(
            error.code() == Code::InvalidArgument && error.message().contains(said),
            "{error:?}"
        );
    }
    let error = restore(&mut to, ask(b"no age file", &identity))
        .await
        .unwrap_err();
    assert_eq!(reason(&error), "BACKUP_UNREADABLE");

    // Requests that announce another file, or none.
    let start = RestoreStart {
        bytes: file.len() as u64,
        sha256: vec![0; 32],
        ..RestoreStart::default()
    };
    let key = to
        .get_transport_key(GetTransportKeyRequest {})
        .await
        .unwrap()
        .into_inner();
    let recipient: age::x25519::Recipient = key.recipient.parse().unwrap();
    let sealed_identity =
        age::encrypt(&recipient, identity.to_string().expose_secret().as_bytes()).unwrap();
    let good = RestoreStart {
        sealed_identity: sealed_identity.clone(),
        sha256: digest(&SHA256, &file).as_ref().to_vec(),
        ..start.clone()
    };
    for (bad, data) in [
        (
            RestoreStart {
                sha256: vec![0; 32],
                ..good.clone()
            },
            &file[..],
        ),
        (good.clone(), &file[..file.len() - 1]),
        (
            RestoreStart {
                bytes: 10,
                ..good.clone()
            },
            &file,
        ),
        (
            RestoreStart {
                bytes: 0,
                ..good.clone()
            },
            b"",
        ),
        (
            RestoreStart {
                bytes: u64::MAX,
                ..good.clone()
            },
            b"",
        ),
        (
            RestoreStart {
                sealed_identity: b"AGE-SECRET-KEY-1".to_vec(),
                ..good.clone()
            },
            &file,
        ),
        (
            RestoreStart {
                sealed_identity: age::encrypt(&recipient, b"AGE-SECRET-KEY-1").unwrap(),
                ..good.clone()
            },
            &file,
        ),
    ] {
        let error = send(&mut to, bad, data).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument, "{error:?}");
    }
    let other_signer = age::encrypt(&identity.to_public(), b"x").unwrap();
    let error = send(
        &mut to,
        RestoreStart {
            sealed_identity: other_signer,
            ..good.clone()
        },
        &file,
    )
    .await;
    assert_eq!(reason(&error.unwrap_err()), "TRANSPORT_KEY_CHANGED");
    assert_eq!(all(&mut to).await, before);
    assert_eq!(send(&mut to, good, &file).await.unwrap().restored_count, 4);
}

/// Of a key that a signer could have written.
fn content(id: &str, key: &PrivateKey) -> BackupKey {
    BackupKey {
        key: Some(Key {
            id: id.into(),
            kind: KeyKind::from(key.kind()).into(),
            state: KeyState::Enabled.into(),
            revision: 1,
            policy: Some(KeyPolicy::default()),
            versions: vec![KeyVersion {
                version: 1,
                public_key_der: key.public_key_der().unwrap(),
                created_at_ms: 1,
            }],
            ..Key::default()
        }),
        private_keys: vec![key.to_pkcs8().unwrap().to_vec()],
    }
}

#[tokio::test]
async fn what_no_signer_would_have_written_is_refused_whoever_encrypted_it() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    let identity = Identity::generate();
    let p256 = PrivateKey::generate(Kind::P256).unwrap();
    let spoiled = |id: &str, spoil: &dyn Fn(&mut Key)| {
        let mut one = content(id, &p256);
        spoil(one.key.as_mut().unwrap());
        one
    };
    let before = all(&mut client).await;
    for (one, said) in [
        (spoiled("k", &|key| key.revision = u64::MAX), "revision"),
        (spoiled("k", &|key| key.revision = 0), "revision"),
        (content("default-p384", &p256), "well-known"),
        (
            spoiled("default-p256", &|key| {
                key.state = KeyState::PendingDeletion.into();
                key.delete_at_ms = 1;
            }),
            "well-known",
        ),
    ] {
        let mut writer = ContentWriter::new(Vec::new(), BackupHeader::default()).unwrap();
        writer.key(one).unwrap();
        let file = age::encrypt(&identity.to_public(), &writer.finish(0).unwrap()).unwrap();
        let mut ask = ask(&file, &identity);
        ask.start.replace_well_known = true;
        let error = restore(&mut client, ask).await.unwrap_err();
        assert_eq!(reason(&error), "BACKUP_UNREADABLE", "{said}");
        assert!(error.message().contains(said), "{}", error.message());
        assert_eq!(all(&mut client).await, before);
    }
}

#[tokio::test]
async fn without_a_recipient_nothing_is_saved_and_it_is_said_what_to_do() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    let error = backup(&mut client, &[]).await.unwrap_err();
    assert_eq!(
        (error.code(), reason(&error).as_str()),
        (Code::FailedPrecondition, "RECIPIENT_NOT_SET")
    );
    assert!(error.message().contains("SetRecipient"));
}

#[tokio::test]
async fn one_backup_or_restore_at_a_time_and_a_caller_who_went_away_makes_room() {
    let Pair {
        one,
        identity,
        _places,
        ..
    } = pair().await;
    let mut client = one.client().await;
    let file = backup(&mut client, &[]).await.unwrap();
    let (send, receive) = tokio::sync::mpsc::channel(1);
    let key = client
        .get_transport_key(GetTransportKeyRequest {})
        .await
        .unwrap()
        .into_inner();
    let to: age::x25519::Recipient = key.recipient.parse().unwrap();
    let start = RestoreStart {
        sealed_identity: age::encrypt(&to, identity.to_string().expose_secret().as_bytes())
            .unwrap(),
        sha256: digest(&SHA256, &file).as_ref().to_vec(),
        bytes: file.len() as u64,
        ..RestoreStart::default()
    };
    let part = Some(Part::Start(start));
    send.send(RestoreRequest { part }).await.unwrap();
    let waiting = tokio::spawn({
        let mut client = client.clone();
        async move {
            client
                .restore(tokio_stream::wrappers::ReceiverStream::new(receive))
                .await
        }
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(
        reason(&backup(&mut client, &[]).await.unwrap_err()),
        "QUEUE_FULL"
    );
    waiting.abort();
    drop(send);
    for _ in 0..100 {
        if backup(&mut client, &[]).await.is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no room");
}

/// What is in the store while a restore is killed is all of it or nothing.
#[tokio::test]
async fn a_restore_killed_at_any_moment_left_all_or_nothing() {
    let Pair {
        one,
        identity,
        _places,
        ..
    } = pair().await;
    let mut client = one.client().await;
    for n in 0..60 {
        let request = CreateKeyRequest {
            id: format!("many-{n}"),
            kind: KeyKind::Ed25519.into(),
            ..CreateKeyRequest::default()
        };
        client.create_key(request).await.unwrap();
    }
    let ids: Vec<String> = (0..60).map(|n| format!("many-{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let file = backup(&mut client, &ids).await.unwrap();
    let (mut none, mut whole) = (0, 0);
    for round in 0..14_u64 {
        let place = Place::new();
        let mut signer = place.start();
        let mut client = signer.client().await;
        let asking = tokio::spawn({
            let (file, identity) = (file.clone(), identity.clone());
            async move { restore(&mut client, ask(&file, &identity)).await.is_ok() }
        });
        tokio::time::sleep(std::time::Duration::from_millis(round * 8)).await;
        signer.kill();
        let acknowledged = asking.await.unwrap();
        let signer = place.start();
        let count = all(&mut signer.client().await).await.len() - 3;
        assert!(count == 60 || (count == 0 && !acknowledged), "{count}");
        if count == 0 {
            none += 1
        } else {
            whole += 1
        }
        assert!(!place.state().join("signer.transit").exists());
    }
    let _ = writeln!(std::io::stderr(), "nothing {none} times, all {whole}");
}

/// KiB of the process's memory at its highest.
fn peak_kib(signer: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", signer.child.id())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// `GATEHOUSE_BACKUP_KEYS` of P-256, 200,000 if it isn't set, saved and restored; says how
/// long that took and what it needed.
#[tokio::test]
#[ignore = "minutes, for the figures in docs/architecture.md"]
async fn as_many_keys_as_a_store_takes() {
    let count = std::env::var("GATEHOUSE_BACKUP_KEYS").map_or(199_997, |n| n.parse().unwrap());
    let places = [Place::new(), Place::new()];
    drop(places[0].start());
    let sealing_key = SealingKey::read(&places[0].sealing_key()).unwrap();
    let options = Options {
        accept_loss: false,
        first_keys: &|| Ok(Vec::new()),
        public_half: &|_, _| None,
    };
    let (store, _) = Store::open(&places[0].state(), &sealing_key, &options).unwrap();
    for from in (0..count).step_by(1000) {
        let keys = (from..count.min(from + 1000)).map(|n| p256(&format!("key-{n:06}")));
        store
            .apply(Change::Create(keys.collect()), None, None)
            .unwrap();
    }
    drop(store);
    let identity = Identity::generate();
    let [one, other] = [places[0].start(), places[1].start()];
    let mut client = one.client().await;
    let recipient = identity.to_public().to_string();
    client
        .set_recipient(SetRecipientRequest { recipient })
        .await
        .unwrap();
    let before = [peak_kib(&one), peak_kib(&other)];
    let begun = std::time::Instant::now();
    let file = backup(&mut client, &[]).await.unwrap();
    let saved = begun.elapsed();
    let begun = std::time::Instant::now();
    let mut whole = ask(&file, &identity);
    whole.start.replace_well_known = true;
    let restored = restore(&mut other.client().await, whole).await.unwrap();
    assert_eq!(restored.restored_count, count as u64 + 3);
    let disk = std::fs::metadata(places[1].store()).unwrap().len();
    let _ = writeln!(
        std::io::stderr(),
        "{count} keys: a file of {} bytes; saved in {saved:?}, restored in {:?}; peaks {before:?} then {:?} KiB; a store of {disk} bytes",
        file.len(),
        begun.elapsed(),
        [peak_kib(&one), peak_kib(&other)],
    );
}

fn p256(id: &str) -> NewKey {
    let key = PrivateKey::generate(Kind::P256).unwrap();
    NewKey {
        record: KeyRecord {
            id: id.into(),
            kind: KeyKind::EcP256 as u32,
            usage: Usage::Sign,
            state: StoredState::Enabled,
            revision: 1,
            policy: Policy::default(),
            labels: std::collections::BTreeMap::new(),
            newest_version: 1,
            created_at_ms: 1,
            delete_at_ms: 0,
            imported: false,
        },
        versions: vec![NewVersion {
            created_at_ms: 1,
            public_key_der: key.public_key_der().unwrap(),
            private_key: Some(key.to_pkcs8().unwrap()),
        }],
    }
}

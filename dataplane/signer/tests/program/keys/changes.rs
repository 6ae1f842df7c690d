//! Changes done once, whatever comes twice; what is imported or chosen is checked.

use super::{change, create, new_key, reason, verify, web};
use crate::common::{Place, item, signature};
use gatehouse_signer::proto::v1::{
    self, Algorithm, ChangeKeyRequest, CreateKeyRequest, ImportKeyRequest, KeyKind, KeyPolicy,
    KeyState, RandomRequest, RotateKeyRequest,
};
use tonic::Code;

#[tokio::test]
async fn a_change_that_comes_again_is_done_once_and_a_stale_one_not_at_all() {
    let place = Place::new();
    let mut signer = place.start();
    let mut client = signer.client().await;
    let mut request = new_key("", KeyKind::EcP384, KeyPolicy::default());
    request.request_id = "make one".into();
    request.labels = [("a".into(), "1".into()), ("b".into(), "2".into())].into();
    let made = client
        .create_key(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert!(made.id.starts_with("key-"), "{}", made.id);
    let rotate = RotateKeyRequest {
        request_id: "rotate it".into(),
        id: made.id.clone(),
        expected_revision: made.revision,
    };
    let rotated = client
        .rotate_key(rotate.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (rotated.versions.len(), rotated.revision),
        (2, made.revision + 1)
    );
    signer.kill();
    let signer = place.start();
    let mut client = signer.client().await;
    let again = client
        .create_key(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again, rotated);
    let again = client
        .rotate_key(rotate.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again, rotated);
    request.kind = KeyKind::EcP521.into();
    let refused = client.create_key(request).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::InvalidArgument, "REQUEST_ID_REUSED")
    );
    let stale = RotateKeyRequest {
        request_id: String::new(),
        ..rotate
    };
    let refused = client.rotate_key(stale).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::Aborted, "KEY_CHANGED")
    );
}

#[tokio::test]
async fn a_change_that_changed_nothing_undoes_nothing_when_it_comes_again() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    create(&mut client, "k", KeyPolicy::default()).await;
    let enable = ChangeKeyRequest {
        request_id: "enable".into(),
        ..change("k")
    };
    let done = client.enable_key(enable.clone()).await.unwrap();
    assert_eq!(done.into_inner().revision, 1);
    client.disable_key(change("k")).await.unwrap();
    let again = client.enable_key(enable).await.unwrap().into_inner();
    assert_eq!((again.state(), again.revision), (KeyState::Disabled, 2));
}

#[tokio::test]
async fn an_imported_key_signs_and_a_weak_or_broken_one_is_refused() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    let pem = std::process::Command::new("openssl")
        .args(["genpkey", "-algorithm", "ED25519", "-outform", "DER"])
        .output()
        .unwrap();
    let request = ImportKeyRequest {
        id: "theirs".into(),
        private_key: Some(v1::import_key_request::PrivateKey::Pkcs8Der(pem.stdout)),
        ..ImportKeyRequest::default()
    };
    let key = client
        .import_key(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert!(key.imported);
    assert_eq!(key.kind(), KeyKind::Ed25519);
    let mut stream = signer.stream().await;
    let signed = stream
        .ask(vec![item(1, ("theirs", Algorithm::EddsaEd25519), "x")])
        .await;
    let asked = verify(
        "theirs",
        Algorithm::EddsaEd25519,
        1,
        b"x",
        signature(&signed[0]),
        web(),
    );
    assert!(client.verify(asked).await.unwrap().into_inner().valid);
    let broken = ImportKeyRequest {
        id: "broken".into(),
        private_key: Some(v1::import_key_request::PrivateKey::Pkcs8Der(vec![0x30, 0])),
        ..ImportKeyRequest::default()
    };
    assert_eq!(
        client.import_key(broken).await.unwrap_err().code(),
        Code::InvalidArgument
    );
}

#[tokio::test]
async fn what_a_caller_chooses_is_checked_field_by_field() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    let good = new_key("good", KeyKind::EcP256, KeyPolicy::default());
    type Spoil<'a> = &'a dyn Fn(&mut CreateKeyRequest, &mut KeyPolicy);
    let bad: [(&str, Spoil<'_>); 9] = [
        ("id", &|key, _| key.id = "Capital".into()),
        ("id", &|key, _| key.id = "x".repeat(65)),
        ("kind", &|key, _| key.kind = 99),
        ("labels", &|key, _| {
            drop(key.labels.insert("A".into(), String::new()))
        }),
        ("labels", &|key, _| {
            drop(key.labels.insert("a".into(), "x".repeat(129)))
        }),
        ("policy.algorithms", &|_, policy| {
            policy.algorithms = vec![1]
        }),
        ("policy.transports", &|_, policy| {
            policy.transports = vec![0]
        }),
        ("policy.identities", &|_, policy| {
            policy.identities = vec![String::new()]
        }),
        ("not_before_ms", &|_, policy| {
            (policy.not_before_ms, policy.not_after_ms) = (2, 1)
        }),
    ];
    for (field, spoil) in bad {
        let mut request = good.clone();
        let mut policy = KeyPolicy::default();
        spoil(&mut request, &mut policy);
        request.policy = Some(policy);
        let refused = client.create_key(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains(field), "{}", refused.message());
    }
    client.create_key(good).await.unwrap();
    for (bytes, good) in [(0, false), (1, true), (65_536, true), (65_537, false)] {
        let random = client.random(RandomRequest { bytes }).await;
        assert_eq!(
            random.map(|one| one.into_inner().data.len()).ok(),
            good.then_some(bytes as usize)
        );
    }
}

#[tokio::test]
async fn a_new_store_has_its_first_sealing_key_and_no_recipient() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    let sealing = client
        .get_sealing_status(v1::GetSealingStatusRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!((sealing.generation, sealing.rows_left), (1, 0));
    let refused = client.get_recipient(v1::GetRecipientRequest {}).await;
    assert_eq!(reason(&refused.unwrap_err()), "RECIPIENT_NOT_SET");
    let recipient = age::x25519::Identity::generate().to_public().to_string();
    let set = v1::SetRecipientRequest {
        recipient: recipient.clone(),
    };
    let kept = client
        .set_recipient(set.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(kept.recipient, recipient);
    let again = client.set_recipient(set).await.unwrap_err();
    assert_eq!(again.code(), Code::AlreadyExists);
    drop(signer);

    // A start keeps the one that it is given, once.
    let other = Place::new();
    let file = other.dir.path().join("recovery");
    let mut kept = Vec::new();
    for _ in 0..2 {
        let given = age::x25519::Identity::generate().to_public().to_string();
        std::fs::write(&file, format!("{given}\n")).unwrap();
        let mut command = other.command();
        command.arg("--recovery-recipient-file").arg(&file);
        let signer = crate::common::Running::start(command, other.socket());
        let mut client = signer.client().await;
        let known = client
            .get_recipient(v1::GetRecipientRequest {})
            .await
            .unwrap();
        kept.push((given, known.into_inner().recipient));
    }
    assert_eq!(kept[0].0, kept[0].1);
    assert_eq!(kept[1].1, kept[0].0);
}

//! The life of a key, over the real socket: each rule of the table seen to allow and to
//! refuse, changes done once, versions, deletion.

use crate::common::{Place, SignStream, batch, item, openssl_verifies, refusal_of, signature};
use gatehouse_signer::proto::signer_service_client::SignerServiceClient;
use gatehouse_signer::proto::v1::verify_request::Input as VerifyInput;
use gatehouse_signer::proto::v1::{
    self, Algorithm, ChangeKeyRequest, CreateKeyRequest, GetKeyRequest, ImportKeyRequest, Key,
    KeyKind, KeyPolicy, KeyState, RandomRequest, RotateKeyRequest, ScheduleDeletionRequest,
    SetLabelsRequest, SetPolicyRequest, Transport,
};
use gatehouse_signer::proto::{
    Caller, ListKeysRequest, SignBatchRequest, SignItem, SignResult, VerifyRequest,
};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

type Client = SignerServiceClient<Channel>;

const P256: Algorithm = Algorithm::EcdsaP256Sha256;

fn new_key(id: &str, kind: KeyKind, policy: KeyPolicy) -> CreateKeyRequest {
    CreateKeyRequest {
        id: id.into(),
        kind: kind.into(),
        policy: Some(policy),
        ..CreateKeyRequest::default()
    }
}

async fn create(client: &mut Client, id: &str, policy: KeyPolicy) -> Key {
    let request = new_key(id, KeyKind::EcP256, policy);
    client.create_key(request).await.unwrap().into_inner()
}

fn change(id: &str) -> ChangeKeyRequest {
    ChangeKeyRequest {
        id: id.into(),
        ..ChangeKeyRequest::default()
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis() as i64
}

fn reason(status: &Status) -> String {
    status
        .get_details_error_info()
        .map_or(String::new(), |info| info.reason)
}

async fn ask(stream: &mut SignStream, item: SignItem, caller: Caller, clock: bool) -> SignResult {
    let mut request = batch(vec![SignItem { caller: 1, ..item }]);
    request.callers = vec![caller];
    request.clock_known = clock;
    stream.send.send(request).await.unwrap();
    stream.take(1).await.remove(0)
}

fn web() -> Caller {
    Caller {
        identity: "web".into(),
        transport: Transport::Vsock.into(),
    }
}

#[tokio::test]
async fn each_rule_of_a_policy_refuses_what_it_names_and_nothing_else() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    let mut stream = signer.stream().await;
    let (past, future) = (now_ms() - 1000, now_ms() + 3_600_000);
    let with = |change: &dyn Fn(&mut KeyPolicy)| {
        let mut policy = KeyPolicy::default();
        change(&mut policy);
        policy
    };
    // Policy, whether the clock is known, reason; "" signs.
    let cases = [
        (with(&|_| {}), false, ""),
        (with(&|p| p.identities = vec!["web".into()]), true, ""),
        (
            with(&|p| p.identities = vec!["other".into()]),
            true,
            "KEY_NOT_ALLOWED",
        ),
        (
            with(&|p| p.transports = vec![Transport::Vsock.into()]),
            true,
            "",
        ),
        (
            with(&|p| p.transports = vec![Transport::TcpTls.into()]),
            true,
            "TRANSPORT_NOT_ALLOWED",
        ),
        (with(&|p| p.algorithms = vec![P256.into()]), true, ""),
        (with(&|p| p.not_before_ms = past), true, ""),
        (with(&|p| p.not_before_ms = past), false, "CLOCK_UNKNOWN"),
        (
            with(&|p| p.not_before_ms = future),
            true,
            "KEY_NOT_YET_VALID",
        ),
        (with(&|p| p.not_after_ms = future), true, ""),
        (with(&|p| p.not_after_ms = past), true, "KEY_EXPIRED"),
    ];
    for (number, (policy, clock, expected)) in cases.into_iter().enumerate() {
        let id = format!("key-{number}");
        create(&mut client, &id, policy.clone()).await;
        let result = ask(&mut stream, item(1, (&id, P256), "x"), web(), clock).await;
        match expected {
            "" => drop(signature(&result).to_vec()),
            reason => assert_eq!(refusal_of(&result).reason, reason, "{policy:?}"),
        }
    }
    let policy = KeyPolicy {
        algorithms: vec![Algorithm::RsaPssSha256.into()],
        ..KeyPolicy::default()
    };
    client
        .create_key(new_key("pss", KeyKind::Rsa2048, policy))
        .await
        .unwrap();
    let pss = item(1, ("pss", Algorithm::RsaPssSha256), "x");
    signature(&ask(&mut stream, pss, web(), true).await);
    let pkcs1 = item(1, ("pss", Algorithm::RsaPkcs1Sha256), "x");
    let refused = ask(&mut stream, pkcs1, web(), true).await;
    assert_eq!(refusal_of(&refused).reason, "ALGORITHM_NOT_ALLOWED");
}

#[tokio::test]
async fn a_key_of_others_is_refused_like_one_that_does_not_exist() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    let mut stream = signer.stream().await;
    let policy = KeyPolicy {
        identities: vec!["other".into()],
        ..KeyPolicy::default()
    };
    create(&mut client, "theirs", policy).await;
    client.disable_key(change("theirs")).await.unwrap();
    let shapes: [&dyn Fn(&mut SignItem); 5] = [
        &|_| {},
        &|item| item.version = 9,
        &|item| item.algorithm = 99,
        &|item| item.encoding = 99,
        &|item| item.caller = 0,
    ];
    for shape in shapes {
        let mut answers = Vec::new();
        for id in ["theirs", "nobodys"] {
            let mut asked = item(1, (id, P256), "x");
            asked.caller = 1;
            shape(&mut asked);
            let mut request = batch(vec![asked]);
            request.callers = vec![web()];
            stream.send.send(request).await.unwrap();
            answers.push(refusal_of(&stream.take(1).await[0]).clone());
        }
        assert_eq!(answers[0], answers[1]);
    }
    let mut answers = Vec::new();
    for id in ["theirs", "nobodys"] {
        let refused = client.verify(verify(id, P256, 0, b"x", b"y", web())).await;
        let status = refused.unwrap_err();
        answers.push((status.code(), status.message().to_owned(), reason(&status)));
    }
    assert_eq!(answers[0], answers[1]);
}

fn verify(
    key: &str,
    algorithm: Algorithm,
    version: u32,
    data: &[u8],
    signature: &[u8],
    caller: Caller,
) -> VerifyRequest {
    VerifyRequest {
        verify: Some(v1::VerifyRequest {
            key: key.into(),
            version,
            algorithm: algorithm.into(),
            input: Some(VerifyInput::Data(data.to_vec())),
            encoding: 0,
            signature: signature.to_vec(),
        }),
        caller: Some(caller),
    }
}

#[tokio::test]
async fn a_key_verifies_in_every_state_and_signs_in_one() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    let mut stream = signer.stream().await;
    create(&mut client, "k", KeyPolicy::default()).await;
    let signed = ask(&mut stream, item(1, ("k", P256), "x"), web(), true).await;
    let signed = signature(&signed).to_vec();
    let schedule = ScheduleDeletionRequest {
        id: "k".into(),
        ..ScheduleDeletionRequest::default()
    };
    for (step, expected) in [
        ("disable", "KEY_DISABLED"),
        ("schedule", "KEY_PENDING_DELETION"),
        ("cancel", "KEY_DISABLED"),
        ("enable", ""),
        ("disable", "KEY_DISABLED"),
        ("destroy", "KEY_DESTROYED"),
    ] {
        let key = match step {
            "disable" => client.disable_key(change("k")).await,
            "enable" => client.enable_key(change("k")).await,
            "schedule" => client.schedule_key_deletion(schedule.clone()).await,
            "cancel" => client.cancel_key_deletion(change("k")).await,
            _ => client.destroy_key(change("k")).await,
        };
        let key = key.unwrap().into_inner();
        assert_eq!(key.delete_at_ms != 0, step == "schedule");
        let result = ask(&mut stream, item(1, ("k", P256), "x"), web(), true).await;
        match expected {
            "" => drop(signature(&result).to_vec()),
            reason => assert_eq!(refusal_of(&result).reason, reason),
        }
        let verified = client
            .verify(verify("k", P256, 0, b"x", &signed, web()))
            .await;
        let verified = verified.unwrap().into_inner();
        assert_eq!((verified.valid, verified.version), (true, 1), "{step}");
    }
    // For good: no call brings it back, and its id stays taken.
    for refused in [
        client.enable_key(change("k")).await,
        client.disable_key(change("k")).await,
        client.cancel_key_deletion(change("k")).await,
        client.destroy_key(change("k")).await,
        client.schedule_key_deletion(schedule).await,
    ] {
        let status = refused.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(reason(&status), "KEY_DESTROYED");
    }
    let again = client
        .create_key(new_key("k", KeyKind::EcP256, KeyPolicy::default()))
        .await;
    assert_eq!(again.unwrap_err().code(), Code::AlreadyExists);
}

#[tokio::test]
async fn an_enabled_key_is_not_destroyed_and_a_well_known_one_never() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    create(&mut client, "k", KeyPolicy::default()).await;
    let refused = client.destroy_key(change("k")).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::FailedPrecondition, "KEY_ENABLED")
    );
    client.disable_key(change("default-rsa")).await.unwrap();
    let refused = client.destroy_key(change("default-rsa")).await.unwrap_err();
    assert_eq!(reason(&refused), "KEY_WELL_KNOWN");
    client.enable_key(change("default-rsa")).await.unwrap();
}

#[tokio::test]
async fn rotation_under_load_fails_no_item_and_the_version_changes_at_one_point() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    create(&mut client, "k", KeyPolicy::default()).await;
    let mut stream = signer.stream().await;
    let rotating = tokio::spawn(async move {
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let request = RotateKeyRequest {
                id: "k".into(),
                ..RotateKeyRequest::default()
            };
            client.rotate_key(request).await.unwrap();
        }
        client
    });
    let mut results = Vec::new();
    let mut id = 0;
    while !rotating.is_finished() || id < 4_000 {
        let items = (id..id + 200).map(|id| item(id, ("k", P256), id.to_be_bytes()));
        results.extend(stream.ask(items.collect()).await);
        id += 200;
    }
    let mut client = rotating.await.unwrap();
    results.sort_by_key(|result| result.id);
    results
        .iter()
        .for_each(|result| drop(signature(result).to_vec()));
    assert!(results.is_sorted_by_key(|result| result.version));
    let last = stream.ask(vec![item(0, ("k", P256), "x")]).await.remove(0);
    assert_eq!(last.version, 11);
    // Each verifies with its own version's public half, fetched, and with no other.
    let key = client
        .get_key(GetKeyRequest { id: "k".into() })
        .await
        .unwrap()
        .into_inner();
    for version in [1, 5, 10] {
        let Some(result) = results.iter().find(|result| result.version == version) else {
            continue;
        };
        let public = |at: u32| &key.versions[at as usize - 1].public_key_der;
        let data = result.id.to_be_bytes();
        assert!(openssl_verifies(
            public(version),
            P256,
            &data,
            signature(result)
        ));
        assert!(!openssl_verifies(
            public(version + 1),
            P256,
            &data,
            signature(result)
        ));
        let verified = client
            .verify(verify("k", P256, 0, &data, signature(result), web()))
            .await;
        assert_eq!(verified.unwrap().into_inner().version, version);
    }
    let mut old = item(1, ("k", P256), "x");
    old.version = 1;
    let refused = stream.ask(vec![old]).await;
    assert_eq!(refusal_of(&refused[0]).reason, "VERSION_NOT_CURRENT");
    let mut newest = item(1, ("k", P256), "x");
    newest.version = 11;
    signature(&stream.ask(vec![newest]).await[0]);
}

/// How what waits ends when an administrator changes its key meanwhile: each reason, counted.
async fn waiting_while<T>(
    change: impl AsyncFnOnce(&mut Client) -> Result<T, Status>,
) -> BTreeMap<String, usize> {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    let request = new_key("slow", KeyKind::Rsa3072, KeyPolicy::default());
    client.create_key(request).await.unwrap();
    let mut stream = signer.stream().await;
    let items = (0..1_500).map(|id| item(id, ("slow", Algorithm::RsaPssSha256), "x"));
    stream.send.send(batch(items.collect())).await.unwrap();
    let first = stream.results.message().await.unwrap().unwrap().results;
    change(&mut client).await.unwrap();
    let rest = stream.take(1_500 - first.len()).await;
    let mut reasons = BTreeMap::new();
    for one in rest.iter().filter(|one| crate::common::is_failure(one)) {
        *reasons.entry(refusal_of(one).reason.clone()).or_default() += 1;
    }
    reasons
}

fn labelled(id: &str) -> SetLabelsRequest {
    SetLabelsRequest {
        id: id.into(),
        labels: [("team".into(), "a".into())].into(),
        ..SetLabelsRequest::default()
    }
}

fn only(reasons: &BTreeMap<String, usize>, expected: &str) {
    assert_eq!(reasons.keys().collect::<Vec<_>>(), [expected]);
    assert!(reasons[expected] > 500, "{reasons:?}");
}

#[tokio::test]
async fn nothing_is_signed_after_a_key_was_disabled_though_items_waited() {
    let reasons = waiting_while(async |client| {
        // What waits from before a change that takes nothing away isn't forgotten.
        client.set_key_labels(labelled("slow")).await?;
        client.disable_key(change("slow")).await
    })
    .await;
    only(&reasons, "KEY_DISABLED");
}

#[tokio::test]
async fn nothing_is_signed_by_a_policy_after_it_was_replaced_though_items_waited() {
    let reasons = waiting_while(async |client| {
        let policy = KeyPolicy {
            identities: vec!["another".into()],
            ..KeyPolicy::default()
        };
        let request = SetPolicyRequest {
            id: "slow".into(),
            policy: Some(policy),
            ..SetPolicyRequest::default()
        };
        client.set_key_policy(request).await
    });
    only(&reasons.await, "KEY_CHANGED");
}

#[tokio::test]
async fn what_waited_is_signed_though_something_else_of_its_key_was_changed() {
    let reasons = waiting_while(async |client| client.set_key_labels(labelled("slow")).await);
    assert!(reasons.await.is_empty());
}

#[tokio::test]
async fn a_rate_gives_a_seconds_worth_and_says_when_to_come_again() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    let policy = KeyPolicy {
        signatures_per_second: 20,
        ..KeyPolicy::default()
    };
    create(&mut client, "k", policy).await;
    let mut stream = signer.stream().await;
    let items = (0..60).map(|id| item(id, ("k", P256), "x")).collect();
    let results = stream.ask(items).await;
    let refused: Vec<_> = results
        .iter()
        .filter(|one| crate::common::is_failure(one))
        .collect();
    assert!((39..=40).contains(&refused.len()), "{}", refused.len());
    for result in refused {
        let refusal = refusal_of(result);
        assert_eq!((refusal.code, refusal.reason.as_str()), (8, "KEY_RATE"));
        assert!((1..=50).contains(&refusal.retry_after_ms));
    }
    // A change of something else doesn't fill the bucket.
    let labels = SetLabelsRequest {
        id: "k".into(),
        labels: [("a".into(), "b".into())].into(),
        ..SetLabelsRequest::default()
    };
    client.set_key_labels(labels).await.unwrap();
    let items = (0..60).map(|id| item(id, ("k", P256), "x")).collect();
    let results = stream.ask(items).await;
    let signed = results
        .iter()
        .filter(|one| !crate::common::is_failure(one))
        .count();
    assert!(signed <= 5, "{signed}");
}

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
async fn a_list_comes_in_pages_filtered_and_without_public_halves() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    for number in 0..25 {
        let mut request = new_key(
            &format!("k{number:02}"),
            KeyKind::Ed25519,
            KeyPolicy::default(),
        );
        let team = if number % 2 == 0 { "a" } else { "b" };
        request.labels = [("team".into(), team.into())].into();
        client.create_key(request).await.unwrap();
    }
    client.disable_key(change("k03")).await.unwrap();
    client.destroy_key(change("k03")).await.unwrap();
    let list = |labels: &[(&str, &str)], states: &[KeyState], ids: &[&str]| {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        ListKeysRequest {
            list: Some(v1::ListKeysRequest {
                page_size: 7,
                labels: labels.iter().map(owned).collect(),
                states: states.iter().map(|state| i32::from(*state)).collect(),
                ..v1::ListKeysRequest::default()
            }),
            ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            seen_by: String::new(),
        }
    };
    for (request, expected) in [
        (list(&[], &[], &[]), 3 + 24),
        (list(&[("team", "a")], &[], &[]), 13),
        (list(&[("team", "b")], &[], &[]), 11),
        (list(&[], &[KeyState::Destroyed], &[]), 1),
        (list(&[], &[], &["k00", "k03", "k24", "none"]), 2),
        (list(&[("team", "a")], &[], &["k00", "k01"]), 1),
    ] {
        let mut request = request;
        let mut ids = Vec::new();
        loop {
            let page = client
                .list_keys(request.clone())
                .await
                .unwrap()
                .into_inner();
            assert!(page.keys.len() <= 7);
            let bare = |key: &Key| key.versions.iter().all(|one| one.public_key_der.is_empty());
            assert!(page.keys.iter().all(bare));
            ids.extend(page.keys.into_iter().map(|key| key.id));
            if page.next_page_token.is_empty() {
                break;
            }
            request.list.as_mut().unwrap().page_token = page.next_page_token;
        }
        assert_eq!(ids.len(), expected);
        assert!(ids.is_sorted());
    }
}

#[tokio::test]
async fn a_list_for_somebody_has_no_gap_where_keys_are_that_he_may_not_see() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    for (id, identities) in [
        ("a", vec!["other"]),
        ("b", vec!["other", "web"]),
        ("c", vec![]),
    ] {
        let policy = KeyPolicy {
            identities: identities.into_iter().map(str::to_owned).collect(),
            ..KeyPolicy::default()
        };
        let mut request = new_key(id, KeyKind::Ed25519, policy);
        request.labels = [("team".into(), id.into())].into();
        client.create_key(request).await.unwrap();
    }
    let list = |team: &str, ids: &[&str], seen_by: &str| ListKeysRequest {
        list: Some(v1::ListKeysRequest {
            page_size: 1,
            labels: [("team".to_owned(), team.to_owned())].into(),
            ..v1::ListKeysRequest::default()
        }),
        ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        seen_by: seen_by.into(),
    };
    // What he may not see and what isn't there are told in the same bytes.
    let ids: [&[&str]; 2] = [&[], &["a", "b", "c"]];
    for ids in ids {
        for (team, seen_by, found) in [
            ("a", "web", false),
            ("x", "web", false),
            ("b", "web", true),
            ("c", "web", true),
            ("a", "", true),
        ] {
            let page = client.list_keys(list(team, ids, seen_by)).await;
            let page = page.unwrap().into_inner();
            let listed: Vec<&str> = page.keys.iter().map(|key| key.id.as_str()).collect();
            assert_eq!(listed, if found { vec![team] } else { vec![] });
            assert_eq!(page.next_page_token, "");
        }
    }
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
async fn a_policy_takes_the_place_of_the_whole_one() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    let mut stream = signer.stream().await;
    let mut policy = KeyPolicy {
        identities: vec!["other".into()],
        ..KeyPolicy::default()
    };
    create(&mut client, "k", policy.clone()).await;
    let refused = ask(&mut stream, item(1, ("k", P256), "x"), web(), true).await;
    assert_eq!(refusal_of(&refused).reason, "KEY_NOT_ALLOWED");
    policy.identities = vec!["web".into()];
    let request = SetPolicyRequest {
        id: "k".into(),
        policy: Some(policy.clone()),
        ..SetPolicyRequest::default()
    };
    let set = client.set_key_policy(request).await.unwrap().into_inner();
    assert_eq!(set.policy, Some(policy));
    signature(&ask(&mut stream, item(1, ("k", P256), "x"), web(), true).await);
    let unknown: SignBatchRequest = batch(vec![SignItem {
        caller: 2,
        ..item(1, ("k", P256), "x")
    }]);
    stream.send.send(unknown).await.unwrap();
    assert_eq!(refusal_of(&stream.take(1).await[0]).code, 3);
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

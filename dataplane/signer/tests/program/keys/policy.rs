//! Each rule of a key's policy seen to allow and to refuse.

use super::{P256, ask, change, create, new_key, now_ms, reason, verify, web};
use crate::common::{Place, batch, item, refusal_of, signature};
use gatehouse_signer::proto::v1::{
    Algorithm, KeyKind, KeyPolicy, SetLabelsRequest, SetPolicyRequest, Transport,
};
use gatehouse_signer::proto::{SignBatchRequest, SignItem};

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

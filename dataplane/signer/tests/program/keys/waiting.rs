//! Items that wait while their key is changed: each is judged by what holds when it is signed.

use super::{Client, P256, change, create, new_key, verify, web};
use crate::common::{Place, batch, item, openssl_verifies, refusal_of, signature};
use gatehouse_signer::proto::v1::{
    Algorithm, GetKeyRequest, KeyKind, KeyPolicy, RotateKeyRequest, SetLabelsRequest,
    SetPolicyRequest,
};
use std::collections::BTreeMap;
use std::time::Duration;
use tonic::Status;

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

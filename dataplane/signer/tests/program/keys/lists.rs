//! Lists: pages, filters, and what a caller is not shown.

use super::{change, new_key};
use crate::common::Place;
use gatehouse_signer::proto::ListKeysRequest;
use gatehouse_signer::proto::v1::{self, Key, KeyKind, KeyPolicy, KeyState};

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

//! What a key does in each state, and which change it takes there.

use super::{P256, ask, change, create, new_key, reason, verify, web};
use crate::common::{Place, item, refusal_of, signature};
use gatehouse_signer::proto::v1::{KeyKind, KeyPolicy, ScheduleDeletionRequest};
use tonic::Code;

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

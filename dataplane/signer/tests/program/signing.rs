//! What the Sign stream answers, asked of the real binary.

use crate::common::{
    ALL, Place, batch, failure, is_failure, item, openssl_verifies, refusal_of, signature,
};
use gatehouse_signer::algorithms::Hashing;
use gatehouse_signer::limits::{MAX_DATA_BYTES, MAX_ITEMS_PER_BATCH, MAX_LANE_ITEMS};
use gatehouse_signer::proto::sign_item::Input;
use gatehouse_signer::proto::v1::Algorithm;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tonic::Code;

const P256: (&str, Algorithm) = ("default-p256", Algorithm::EcdsaP256Sha256);
const RSA: (&str, Algorithm) = ("default-rsa", Algorithm::RsaPkcs1Sha256);

#[tokio::test]
async fn openssl_verifies_every_algorithm_on_empty_small_and_largest_data() {
    let place = Place::new();
    let signer = place.start();
    let keys = signer.keys().await;
    let mut stream = signer.stream().await;
    for data in [Vec::new(), b"gatehouse".to_vec(), vec![7; MAX_DATA_BYTES]] {
        for (id, (key, algorithm)) in (0..).zip(ALL) {
            let results = stream
                .ask(vec![item(id, (key, algorithm), data.clone())])
                .await;
            assert_eq!(results[0].id, id);
            let public = &keys.iter().find(|one| one.id == key).unwrap().versions[0].public_key_der;
            let signature = signature(&results[0]);
            assert!(
                openssl_verifies(public, algorithm, &data, signature),
                "{algorithm:?}"
            );
            assert!(
                !openssl_verifies(public, algorithm, b"else", signature),
                "{algorithm:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_bad_item_is_refused_by_itself_and_the_stream_goes_on() {
    let place = Place::new();
    let signer = place.start();
    let mut stream = signer.stream().await;
    let mut unknown = item(5, P256, "");
    unknown.algorithm = 99;
    let mut results = stream
        .ask(vec![
            item(1, ("nobody", Algorithm::RsaPssSha256), ""),
            item(2, ("default-rsa", Algorithm::EcdsaP256Sha256), ""),
            item(3, ("default-p256", Algorithm::EcdsaP384Sha384), ""),
            item(4, ("default-p256", Algorithm::Unspecified), ""),
            unknown,
            item(6, P256, vec![0; MAX_DATA_BYTES + 1]),
            item(7, P256, "good"),
        ])
        .await;
    results.sort_by_key(|result| result.id);
    assert_eq!(failure(&results[0]).0, Code::PermissionDenied);
    assert_eq!(refusal_of(&results[0]).reason, "KEY_NOT_ALLOWED");
    for (at, word) in [
        (1, "algorithm"),
        (2, "algorithm"),
        (3, "algorithm"),
        (4, "99"),
        (5, "data"),
    ] {
        let (code, message) = failure(&results[at]);
        assert_eq!(code, Code::InvalidArgument);
        assert!(message.contains(word), "{message}");
    }
    signature(&results[6]);
}

#[tokio::test]
async fn a_digest_is_signed_and_ecdsa_comes_in_the_encoding_asked_for() {
    let place = Place::new();
    let signer = place.start();
    let keys = signer.keys().await;
    let public = &keys[0].versions[0].public_key_der;
    let mut hashing = Hashing::new(P256.1).unwrap();
    hashing.update(b"gatehouse");
    let digest = hashing.finish().as_ref().to_vec();
    let of = |input: Option<Input>, encoding: i32| {
        let mut item = item(1, P256, "");
        item.input = input;
        item.encoding = encoding;
        item
    };
    let mut stream = signer.stream().await;
    let der = of(Some(Input::Digest(digest.clone())), 0);
    let results = stream.ask(vec![der]).await;
    let made = signature(&results[0]);
    assert!(openssl_verifies(public, P256.1, b"gatehouse", made));
    let raw = of(Some(Input::Data(b"gatehouse".to_vec())), 1);
    let results = stream.ask(vec![raw]).await;
    assert_eq!(signature(&results[0]).len(), 64);
    for (bad, word) in [
        (of(Some(Input::Digest(digest[1..].to_vec())), 0), "31 bytes"),
        (of(Some(Input::Digest(digest)), 2), "encoding"),
        (of(None, 0), "neither data nor a digest"),
    ] {
        let results = stream.ask(vec![bad]).await;
        let (code, message) = failure(&results[0]);
        assert_eq!(code, Code::InvalidArgument);
        assert!(message.contains(word), "{message}");
    }
}

#[tokio::test]
async fn an_id_in_flight_is_refused_and_free_again_once_answered() {
    let place = Place::new();
    let signer = place.start();
    let mut stream = signer.stream().await;
    let results = stream.ask(vec![item(1, RSA, "a"), item(1, RSA, "b")]).await;
    let failures: Vec<_> = results.iter().filter(|result| is_failure(result)).collect();
    assert_eq!(failures.len(), 1);
    assert!(failure(failures[0]).1.contains("already in flight"));
    signature(&stream.ask(vec![item(1, RSA, "c")]).await[0]);
}

#[tokio::test]
async fn thousands_of_items_each_get_one_result() {
    let place = Place::new();
    let signer = place.start();
    let mut stream = signer.stream().await;
    let mut seen = BTreeSet::new();
    for batch in 0..5_u32 {
        let first = batch * 2_000;
        let items = (first..first + 2_000).map(|id| item(id, P256, id.to_be_bytes()));
        for result in stream.ask(items.collect()).await {
            signature(&result);
            assert!(seen.insert(result.id));
        }
    }
    assert_eq!(seen.len(), 10_000);
}

#[tokio::test]
async fn a_heap_of_rsa_does_not_hold_back_p256() {
    let place = Place::new();
    let signer = place.start();
    let mut heap = signer.stream().await;
    let items = (0..2_000).map(|id| item(id, RSA, "slow")).collect();
    let started = Instant::now();
    heap.send.send(batch(items)).await.unwrap();
    // Until the heap's first result is there, it isn't known to have arrived.
    let already = heap.results.message().await.unwrap().unwrap().results.len();
    let mut quick = signer.stream().await;
    signature(&quick.ask(vec![item(1, P256, "quick")]).await[0]);
    let quick_after = started.elapsed();
    heap.take(2_000 - already).await;
    let heap_after = started.elapsed();
    assert!(
        quick_after * 2 < heap_after,
        "{quick_after:?} against {heap_after:?}"
    );
}

#[tokio::test]
async fn a_full_queue_is_resource_exhausted_and_recovers() {
    let place = Place::new();
    let signer = place.start();
    let each = MAX_LANE_ITEMS as u32;
    let mut streams = Vec::new();
    for _ in 0..3 {
        let stream = signer.stream().await;
        for first in (0..each).step_by(MAX_ITEMS_PER_BATCH) {
            let ids = first..first + MAX_ITEMS_PER_BATCH as u32;
            let items = ids.map(|id| item(id, RSA, "slow")).collect();
            stream.send.send(batch(items)).await.unwrap();
        }
        streams.push(stream);
    }
    let mut refused = 0;
    for stream in &mut streams {
        for result in stream.take(MAX_LANE_ITEMS).await {
            if is_failure(&result) {
                assert_eq!(failure(&result).0, Code::ResourceExhausted);
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "nothing was refused");
    signature(&streams[0].ask(vec![item(1, P256, "after")]).await[0]);
}

#[tokio::test]
async fn a_batch_of_too_many_items_ends_its_stream_only() {
    let place = Place::new();
    let signer = place.start();
    let mut stream = signer.stream().await;
    let items = vec![item(0, P256, ""); MAX_ITEMS_PER_BATCH + 1];
    stream.send.send(batch(items)).await.unwrap();
    let status = stream.results.message().await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    let mut stream = signer.stream().await;
    signature(&stream.ask(vec![item(1, P256, "after")]).await[0]);
}

#[tokio::test]
async fn a_message_over_the_limit_ends_its_stream_only() {
    let place = Place::new();
    let signer = place.start();
    let mut stream = signer.stream().await;
    let items = vec![item(0, P256, vec![0; 5 * 1024 * 1024])];
    stream.send.send(batch(items)).await.unwrap();
    let status = stream.results.message().await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);
    let mut stream = signer.stream().await;
    signature(&stream.ask(vec![item(1, P256, "after")]).await[0]);
}

#[tokio::test]
async fn a_peer_that_never_reads_is_held_back() {
    let place = Place::new();
    let signer = place.start();
    let stream = signer.stream().await;
    let nobody = ("nobody", Algorithm::RsaPssSha256);
    let mut sent = 0;
    loop {
        let ids = 0..MAX_ITEMS_PER_BATCH as u32;
        let items = ids.map(|id| item(id, nobody, vec![0; 900])).collect();
        let sending = stream.send.send(batch(items));
        if tokio::time::timeout(Duration::from_secs(1), sending)
            .await
            .is_err()
        {
            break;
        }
        sent += 1;
        assert!(sent < 100, "{sent} batches went through unread");
    }
    let mut other = signer.stream().await;
    signature(&other.ask(vec![item(1, P256, "other")]).await[0]);
}

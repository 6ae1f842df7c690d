//! What the signer does when more is asked than it can do, or there is no time left, and
//! with data of any length. Times are wide: other work may share the machine.

use crate::common::{Place, batch, item, openssl_verifies, refusal_of, signature};
use gatehouse_signer::limits::{MAX_HASHED_STREAMS, MAX_HASHED_STREAMS_OF_ONE};
use gatehouse_signer::proto::sign_stream_request::Part;
use gatehouse_signer::proto::v1::{
    Algorithm, CreateKeyRequest, GetKeyRequest, KeyKind, KeyPolicy, RotateKeyRequest,
};
use gatehouse_signer::proto::{Caller, SignItem, SignStreamRequest, SignStreamStart};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;

const P256: (&str, Algorithm) = ("default-p256", Algorithm::EcdsaP256Sha256);
const RSA: (&str, Algorithm) = ("default-rsa", Algorithm::RsaPkcs1Sha256);
const LONG: (&str, Algorithm) = ("long", Algorithm::RsaPkcs1Sha256);

async fn with_long_key(signer: &crate::common::Running) {
    let request = CreateKeyRequest {
        id: LONG.0.into(),
        kind: KeyKind::Rsa4096.into(),
        ..CreateKeyRequest::default()
    };
    signer.client().await.create_key(request).await.unwrap();
}

fn timed(id: u32, timeout_ms: u32) -> SignItem {
    SignItem {
        timeout_ms,
        ..item(id, LONG, "x")
    }
}

#[tokio::test]
async fn a_heap_of_rsa_4096_does_not_hold_back_other_kinds() {
    let place = Place::new();
    let signer = place.start();
    with_long_key(&signer).await;
    let mut heap = signer.stream().await;
    let items = (0..1_000).map(|id| item(id, LONG, "slow")).collect();
    heap.send.send(batch(items)).await.unwrap();
    let already = heap.results.message().await.unwrap().unwrap().results.len();
    let started = Instant::now();
    let mut quick = signer.stream().await;
    for id in 0..100 {
        signature(&quick.ask(vec![item(id, P256, "quick")]).await[0]);
    }
    let items = (0..100).map(|id| item(id, RSA, "middle")).collect();
    quick
        .ask(items)
        .await
        .iter()
        .for_each(|one| drop(signature(one).to_vec()));
    let quick_after = started.elapsed();
    heap.take(1_000 - already).await;
    let heap_after = started.elapsed();
    assert!(
        2 * quick_after < heap_after,
        "{quick_after:?} of {heap_after:?}"
    );
}

#[tokio::test]
async fn an_item_without_time_left_is_never_signed() {
    let place = Place::new();
    let signer = place.start();
    with_long_key(&signer).await;
    let mut stream = signer.stream().await;
    let mut items: Vec<_> = (0..400).map(|id| item(id, LONG, "x")).collect();
    items.push(timed(1_000, 20));
    items.push(timed(1_001, 60_000));
    let results = stream.ask(items).await;
    let of = |id| results.iter().find(|one| one.id == id).unwrap();
    assert_eq!(refusal_of(of(1_000)).reason, "QUEUE_FULL");
    assert!(refusal_of(of(1_000)).retry_after_ms > 0);
    let late = of(1_001);
    signature(late);
    assert!(late.queue_us > 100_000, "{}", late.queue_us);
    assert!(
        late.sign_us > 500 && late.sign_us < 100_000,
        "{}",
        late.sign_us
    );
}

fn start(key: (&str, Algorithm)) -> SignStreamRequest {
    SignStreamRequest {
        part: Some(Part::Start(SignStreamStart {
            item: Some(SignItem {
                input: None,
                ..item(7, key, "")
            }),
            ..SignStreamStart::default()
        })),
    }
}

fn start_as(identity: &str) -> SignStreamRequest {
    let mut start = start(P256);
    if let Some(Part::Start(start)) = &mut start.part {
        start.caller = Some(Caller {
            identity: identity.into(),
            ..Caller::default()
        });
    }
    start
}

fn data(bytes: &[u8]) -> SignStreamRequest {
    SignStreamRequest {
        part: Some(Part::Data(bytes.to_vec())),
    }
}

#[tokio::test]
async fn a_stream_of_data_is_signed_as_the_same_data_in_one_piece() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    for (key, pieces, len) in [(P256, 0, 0), (RSA, 3, 1), (P256, 40, 1024 * 1024)] {
        let mut parts = vec![start(key)];
        let mut whole = Vec::new();
        for piece in 0..pieces {
            let bytes = vec![piece as u8; len];
            parts.push(data(&bytes));
            whole.extend(bytes);
        }
        let signed = client
            .sign_stream(tokio_stream::iter(parts))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(signed.id, 7);
        let request = GetKeyRequest { id: key.0.into() };
        let public = client.get_key(request).await.unwrap().into_inner();
        let public = &public.versions[0].public_key_der;
        assert!(openssl_verifies(public, key.1, &whole, signature(&signed)));
    }
    let parts = [start(("nobodys", Algorithm::EcdsaP256Sha256)), data(b"x")];
    let refused = client.sign_stream(tokio_stream::iter(parts)).await.unwrap();
    assert_eq!(refusal_of(&refused.into_inner()).reason, "KEY_NOT_ALLOWED");
    for bad in [
        vec![],
        vec![data(b"x")],
        vec![start(P256), start(P256)],
        vec![start(P256), SignStreamRequest { part: None }],
    ] {
        let refused = client
            .sign_stream(tokio_stream::iter(bad))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
}

#[tokio::test]
async fn a_stream_of_data_is_held_against_the_key_again_at_its_end() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    let until = SystemTime::now() + Duration::from_millis(1500);
    let until_ms = until.duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    for (id, not_after_ms) in [("dated", until_ms), ("rotated", 0)] {
        let request = CreateKeyRequest {
            id: id.into(),
            kind: KeyKind::EcP256.into(),
            policy: Some(KeyPolicy {
                not_after_ms,
                ..KeyPolicy::default()
            }),
            ..CreateKeyRequest::default()
        };
        client.create_key(request).await.unwrap();
    }
    let begin = |id: &'static str| {
        let (send, parts) = mpsc::channel(4);
        let mut first = start((id, Algorithm::EcdsaP256Sha256));
        if let Some(Part::Start(start)) = &mut first.part {
            start.clock_known = true;
        }
        send.try_send(first).unwrap();
        send.try_send(data(b"x")).unwrap();
        let mut client = client.clone();
        let signed =
            tokio::spawn(async move { client.sign_stream(ReceiverStream::new(parts)).await });
        (send, signed)
    };
    let streams = ["dated", "rotated"].map(begin);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let rotate = RotateKeyRequest {
        id: "rotated".into(),
        ..RotateKeyRequest::default()
    };
    client.clone().rotate_key(rotate).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let mut results = Vec::new();
    for (send, signed) in streams {
        drop(send);
        results.push(signed.await.unwrap().unwrap().into_inner());
    }
    assert_eq!(refusal_of(&results[0]).reason, "KEY_EXPIRED");
    signature(&results[1]);
    assert_eq!(results[1].version, 2);
}

#[tokio::test]
async fn only_so_many_streams_are_hashed_at_once_and_an_end_makes_room() {
    let place = Place::new();
    let signer = place.start();
    let mut held = Vec::new();
    let open = async |signer: &crate::common::Running| {
        let mut client = signer.client().await;
        let (send, receive) = mpsc::channel(4);
        send.send(start(P256)).await.unwrap();
        let call =
            tokio::spawn(async move { client.sign_stream(ReceiverStream::new(receive)).await });
        tokio::time::sleep(Duration::from_millis(30)).await;
        (send, call)
    };
    // Two a connection at most of the four that there may be; one is left for the last.
    let mut clients = Vec::new();
    for _ in 0..2 {
        clients.push(signer.client().await);
    }
    for at in 0..MAX_HASHED_STREAMS {
        let mut client = clients[at % 2].clone();
        let (send, receive) = mpsc::channel(4);
        send.send(start_as(&format!("caller {}", at % 2)))
            .await
            .unwrap();
        let call =
            tokio::spawn(async move { client.sign_stream(ReceiverStream::new(receive)).await });
        held.push((send, call));
        if at + 1 == MAX_HASHED_STREAMS - 1 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            // Of the two callers the first has all of his.
            let mut client = clients[0].clone();
            let parts = tokio_stream::once(start_as("caller 0"));
            let refused = client.sign_stream(parts).await.unwrap_err();
            assert_eq!(refused.code(), Code::ResourceExhausted);
            assert!(refused.message().contains("the caller's"), "{refused}");
        }
    }
    assert_eq!(MAX_HASHED_STREAMS, 2 * MAX_HASHED_STREAMS_OF_ONE);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (_send, call) = open(&signer).await;
    let refused = call.await.unwrap().unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    let (send, call) = held.pop().unwrap();
    drop(send);
    signature(&call.await.unwrap().unwrap().into_inner());
    let (send, call) = open(&signer).await;
    drop(send);
    signature(&call.await.unwrap().unwrap().into_inner());
}

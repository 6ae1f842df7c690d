//! A store whose bytes were changed, through the real binary: a key is refused by name
//! while the others sign, or the start is, twice in the same way and with the files as
//! they were. Never a wrong signature.

use crate::common::{Place, Running, item, refusal, refusal_of};
use gatehouse_signer::algorithms::{Encoding, Input, PublicKey};
use gatehouse_signer::proto::SignResult;
use gatehouse_signer::proto::sign_result::Outcome;
use gatehouse_signer::proto::v1::{Algorithm, CreateKeyRequest, KeyKind};
use std::collections::BTreeMap;
use std::fs;
use tonic::Code;
use tonic_types::StatusExt;

const P256: Algorithm = Algorithm::EcdsaP256Sha256;
const DATA: &[u8] = b"gatehouse";
const KEYS: usize = 12;
const SHORT_FLIPS: u64 = 25;
const LONG_FLIPS: u64 = 2_000;

fn id(number: usize) -> String {
    format!("customer-{number:03}")
}

async fn create(signer: &Running, id: &str) -> Result<Vec<u8>, tonic::Status> {
    let request = CreateKeyRequest {
        id: id.into(),
        kind: KeyKind::EcP256.into(),
        ..CreateKeyRequest::default()
    };
    let made = signer.client().await.create_key(request).await?;
    Ok(made.into_inner().versions.remove(0).public_key_der)
}

/// A stopped signer's place, and its keys' public halves by id.
async fn filled() -> (Place, BTreeMap<String, Vec<u8>>) {
    let place = Place::new();
    let mut signer = place.start();
    let mut keys = BTreeMap::new();
    for number in 0..KEYS {
        let public = create(&signer, &id(number)).await.unwrap();
        keys.insert(id(number), public);
    }
    assert_eq!(signer.terminate().await, Some(0));
    (place, keys)
}

async fn sign(signer: &Running, keys: &BTreeMap<String, Vec<u8>>) -> Vec<SignResult> {
    let numbered = (0..).zip(keys.keys());
    let items = numbered.map(|(number, id)| item(number, (id, P256), DATA));
    let mut results = signer.stream().await.ask(items.collect()).await;
    results.sort_by_key(|result| result.id);
    results
}

/// Ids that are refused, and the reason; all others must sign, and rightly.
async fn refused(signer: &Running, keys: &BTreeMap<String, Vec<u8>>) -> Vec<(String, String)> {
    let mut refused = Vec::new();
    for (result, (id, public)) in sign(signer, keys).await.iter().zip(keys) {
        if let Some(Outcome::Signature(signature)) = &result.outcome {
            let key = PublicKey::from_spki(public).unwrap();
            let verified = key.verify(P256, Input::Data(DATA), Encoding::Der, signature);
            assert_eq!(verified, Ok(true), "{id}");
            continue;
        }
        let status = refusal_of(result);
        let told = (Code::from(status.code), status.reason.as_str());
        // Where all rows of a key are gone, nobody knows that it was there.
        let right = [
            (Code::DataLoss, "KEY_DAMAGED"),
            (Code::PermissionDenied, "KEY_NOT_ALLOWED"),
        ];
        assert!(right.contains(&told), "{id}: {told:?}");
        refused.push((id.clone(), status.reason.clone()));
    }
    refused
}

/// Flips a bit after each place where the id stands: in its rows.
fn damage(bytes: &mut [u8], id: &str) {
    let places: Vec<usize> = bytes
        .windows(id.len())
        .enumerate()
        .filter_map(|(at, window)| (window == id.as_bytes()).then_some(at))
        .collect();
    assert!(!places.is_empty());
    for at in places {
        if let Some(byte) = bytes.get_mut(at + id.len() + 40) {
            *byte ^= 4;
        }
    }
}

#[tokio::test]
async fn a_key_damaged_in_both_files_is_refused_by_name_while_the_others_sign() {
    let (place, keys) = filled().await;
    let damaged = id(4);
    for file in [place.store(), place.copy()] {
        let mut bytes = fs::read(&file).unwrap();
        damage(&mut bytes, &damaged);
        fs::write(&file, bytes).unwrap();
    }
    for _ in 0..2 {
        let mut signer = place.start();
        let named = (damaged.clone(), "KEY_DAMAGED".to_owned());
        assert_eq!(refused(&signer, &keys).await, [named]);
        let status = create(&signer, "another").await.unwrap_err();
        let reason = status.get_details_error_info().unwrap().reason;
        assert_eq!(
            (status.code(), reason.as_str()),
            (Code::FailedPrecondition, "STORE_DAMAGED"),
        );
        assert!(status.message().contains("--accept-loss"), "{status}");
        assert_eq!(signer.terminate().await, Some(0));
    }
    let mut command = place.command();
    command.arg("--accept-loss");
    let mut signer = Running::start(command, place.socket());
    let given_up = (damaged, "KEY_NOT_ALLOWED".to_owned());
    assert_eq!(refused(&signer, &keys).await, [given_up]);
    create(&signer, "another").await.unwrap();
    assert_eq!(signer.terminate().await, Some(0));
}

/// SplitMix64's output function: a bit for each number.
fn scattered(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// How stores with a flipped bit fared.
#[derive(Debug, Default)]
struct Tally {
    unharmed: usize,
    refused_by_name: usize,
    not_started: usize,
}

/// Flips one bit at a time of a store of two files, or (`alone`) of one that lost its copy.
async fn flips(count: u64, alone: bool) -> Tally {
    let (place, keys) = filled().await;
    let first = fs::read(place.store()).unwrap();
    let second = fs::read(place.copy()).unwrap();
    let mut tally = Tally::default();
    for number in 0..count {
        let mut flipped = first.clone();
        let bit = usize::try_from(scattered(number) % (flipped.len() as u64 * 8)).unwrap();
        flipped[bit / 8] ^= 1 << (bit % 8);
        // Nothing of the round before, a log for one.
        fs::remove_dir_all(place.state()).unwrap();
        fs::create_dir(place.state()).unwrap();
        fs::write(place.store(), &flipped).unwrap();
        if !alone {
            fs::write(place.copy(), &second).unwrap();
        }
        match Running::try_start(place.command(), place.socket()) {
            Ok(mut signer) => {
                let gone = refused(&signer, &keys).await;
                assert!(alone || gone.is_empty(), "bit {bit}: {gone:?}");
                match gone.len() {
                    0 => tally.unharmed += 1,
                    _ => tally.refused_by_name += 1,
                }
                signer.kill();
            }
            Err((code, said)) => {
                assert!(alone, "bit {bit}: {said}");
                // systemd doesn't start it again after these.
                assert!(matches!(code, Some(65 | 78)), "bit {bit}: {code:?} {said}");
                assert_eq!(refusal(place.command()).0, code.unwrap(), "bit {bit}");
                assert_eq!(fs::read(place.store()).unwrap(), flipped, "bit {bit}");
                assert!(!place.copy().exists(), "bit {bit}");
                tally.not_started += 1;
            }
        }
    }
    tally
}

#[tokio::test]
async fn a_flipped_bit_gives_no_wrong_signature_and_no_loop_of_starts() {
    println!("of two: {:?}", flips(SHORT_FLIPS, false).await);
    println!("alone: {:?}", flips(SHORT_FLIPS, true).await);
}

#[tokio::test]
#[ignore = "minutes: thousands of starts"]
async fn thousands_of_flipped_bits() {
    println!("of two: {:?}", flips(LONG_FLIPS, false).await);
    println!("alone: {:?}", flips(LONG_FLIPS, true).await);
}

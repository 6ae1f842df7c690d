//! The store through the real binary: what survives, what is refused, and that
//! a refusal changes no byte.

use crate::common::{Place, Running, batch, item, openssl_verifies, refusal, signature, signer};
use base64::Engine;
use gatehouse_signer::proto::v1::{Algorithm, KeyKind};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Every file of a directory with its bytes and its time of change.
fn snapshot(dir: &Path) -> BTreeMap<String, (Vec<u8>, std::time::SystemTime)> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let described = entries.map(|entry| {
        let changed = entry.metadata().unwrap().modified().unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, (fs::read(entry.path()).unwrap(), changed))
    });
    described.collect()
}

async fn public_keys(signer: &Running) -> Vec<(String, Vec<u8>)> {
    let keys = signer.keys().await.into_iter();
    keys.map(|mut key| (key.id, key.versions.remove(0).public_key_der))
        .collect()
}

#[tokio::test]
async fn the_first_start_makes_the_three_default_keys() {
    let place = Place::new();
    let signer = place.start();
    let keys = signer.keys().await;
    let names: Vec<_> = keys.iter().map(|key| key.id.as_str()).collect();
    assert_eq!(names, ["default-p256", "default-p384", "default-rsa"]);
    assert!(keys.iter().all(|key| key.created_at_ms > 1_700_000_000_000));
    assert_eq!(keys[1].kind(), KeyKind::EcP384);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.state()), 0o700);
    assert_eq!(mode(&place.store()), 0o600);
    assert_eq!(mode(&place.socket()), 0o660);
}

#[tokio::test]
async fn the_keys_are_the_same_after_sigterm_and_after_kill_9_while_signing() {
    let place = Place::new();
    let mut signer = place.start();
    let keys = public_keys(&signer).await;
    assert_eq!(signer.terminate().await, Some(0));
    assert!(!place.socket().exists());
    let mut signer = place.start();
    let mut stream = signer.stream().await;
    let items = (0..2_000).map(|id| item(id, ("default-rsa", Algorithm::RsaPssSha256), "x"));
    stream.send.send(batch(items.collect())).await.unwrap();
    stream.results.message().await.unwrap();
    signer.kill();
    // The rest of the results never comes: the stream breaks.
    while let Ok(Some(_)) = stream.results.message().await {}
    let signer = place.start();
    assert_eq!(public_keys(&signer).await, keys);
    let results = signer
        .stream()
        .await
        .ask(vec![item(
            1,
            ("default-p256", Algorithm::EcdsaP256Sha256),
            "x",
        )])
        .await;
    let public = &keys[0].1;
    assert!(openssl_verifies(
        public,
        Algorithm::EcdsaP256Sha256,
        b"x",
        signature(&results[0])
    ));
}

#[tokio::test]
async fn two_stores_have_different_keys_even_under_one_sealing_key() {
    let (one, two) = (Place::new(), Place::new());
    fs::copy(one.sealing_key(), two.sealing_key()).unwrap();
    let (first, second) = (one.start(), two.start());
    for (left, right) in public_keys(&first)
        .await
        .iter()
        .zip(public_keys(&second).await)
    {
        assert_ne!(left.1, right.1);
    }
}

#[tokio::test]
async fn a_wrong_sealing_key_is_named_and_changes_nothing() {
    let place = Place::new();
    place.start().terminate().await;
    let before = snapshot(&place.state());
    fs::write(place.sealing_key(), [1; 32]).unwrap();
    let (code, message) = place.refusal();
    assert_eq!(code, 78);
    assert!(message.contains("wrong sealing key"), "{message}");
    assert_eq!(snapshot(&place.state()), before);
    assert!(!place.socket().exists());
}

#[tokio::test]
async fn a_copied_store_is_useless_without_its_sealing_key() {
    let place = Place::new();
    place.start().terminate().await;
    let thief = Place::new();
    fs::create_dir(thief.state()).unwrap();
    fs::copy(place.store(), thief.store()).unwrap();
    assert_eq!(thief.refusal().0, 78);
    // A PKCS#8 key has a version and its algorithm's identifier at its beginning.
    let bytes = fs::read(place.store()).unwrap();
    let rsa = [
        0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
    ];
    let p256 = [
        0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    ];
    let mut p384 = p256;
    p384[4] = 0x10;
    for beginning in [&rsa[..], &p256, &p384] {
        let mut windows = bytes.windows(beginning.len());
        assert!(!windows.any(|window| window == beginning));
    }
    fs::copy(place.sealing_key(), thief.sealing_key()).unwrap();
    thief.start();
}

#[tokio::test]
async fn a_store_damaged_in_both_files_is_refused_and_left_as_it_is() {
    let place = Place::new();
    place.start().terminate().await;
    let whole = fs::read(place.store()).unwrap();
    let mut scrambled = whole.clone();
    scrambled[4096..8192].fill(0xa5);
    let damaged = [
        Vec::new(),
        b"no database".to_vec(),
        whole[..4096].to_vec(),
        scrambled,
    ];
    for bytes in damaged {
        fs::write(place.store(), &bytes).unwrap();
        fs::write(place.copy(), &bytes).unwrap();
        let before = snapshot(&place.state());
        let (code, message) = place.refusal();
        assert_eq!(code, 65, "{message}");
        assert!(message.contains("damaged"), "{message}");
        assert_eq!(snapshot(&place.state()), before);
    }
}

#[tokio::test]
async fn what_one_file_suffers_is_made_good_from_the_other() {
    let place = Place::new();
    let mut signer = place.start();
    let keys = public_keys(&signer).await;
    signer.terminate().await;
    for change in [
        "UPDATE rows SET sealed = zeroblob(60) WHERE kind = 2",
        "DELETE FROM rows WHERE kind = 1",
        "UPDATE store SET head = x'00'",
        "DROP TABLE rows",
    ] {
        for damaged in ["signer.db", "signer.db.copy"] {
            let file = place.state().join(damaged);
            let database = rusqlite::Connection::open(&file).unwrap();
            database.execute_batch(change).unwrap();
            database.close().unwrap();
            let mut signer = place.start();
            assert_eq!(public_keys(&signer).await, keys, "{change} in {damaged}");
            signer.terminate().await;
            let size = |path: &Path| fs::metadata(path).unwrap().len();
            assert_eq!(size(&place.store()), size(&place.copy()));
        }
    }
}

/// Made by the release before, with a sealing key of 32 bytes of 1.
const FORMAT_1: &[u8] = include_bytes!("../data/signer-format1.db");

#[tokio::test]
async fn a_store_of_format_1_is_migrated_with_its_keys() {
    let place = Place::new();
    fs::write(place.sealing_key(), [1; 32]).unwrap();
    fs::create_dir(place.state()).unwrap();
    fs::write(place.store(), FORMAT_1).unwrap();
    let mut signer = place.start();
    let keys = public_keys(&signer).await;
    let names: Vec<_> = keys.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["default-p256", "default-p384", "default-rsa"]);
    // The public half that the release before gave out, by `gatehouse` and by openssl.
    let digests = include_str!("../data/signer-format1.sha256");
    for (name, public) in &keys {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, public);
        let hex: String = digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert!(digests.contains(&format!("{hex}  {name}")), "{name} {hex}");
    }
    signer.terminate().await;
    let left: Vec<_> = snapshot(&place.state()).into_keys().collect();
    assert_eq!(left, ["signer.db", "signer.db.copy"]);
    assert_eq!(public_keys(&place.start()).await, keys);
}

#[test]
fn a_store_of_format_1_is_left_alone_when_the_sealing_key_is_wrong() {
    let place = Place::new();
    fs::create_dir(place.state()).unwrap();
    fs::write(place.store(), FORMAT_1).unwrap();
    let before = snapshot(&place.state());
    assert_eq!(place.refusal().0, 78);
    assert_eq!(snapshot(&place.state()), before);
}

#[tokio::test]
async fn a_start_that_was_interrupted_leaves_nothing_in_the_way() {
    let place = Place::new();
    fs::create_dir(place.state()).unwrap();
    fs::write(place.state().join("signer.db.new"), b"half a store").unwrap();
    fs::write(place.state().join("signer.db.new-wal"), b"half a log").unwrap();
    fs::write(place.state().join("signer.db.copy.new"), b"half a copy").unwrap();
    place.start().terminate().await;
    let names: Vec<_> = snapshot(&place.state()).into_keys().collect();
    assert_eq!(names, ["signer.db", "signer.db.copy"]);
}

#[test]
fn a_store_in_use_is_refused() {
    let place = Place::new();
    let _running = place.start();
    let second = place.dir.path().join("second.sock");
    let command = signer(&second, &place.state(), &place.sealing_key());
    let (code, message) = refusal(command);
    assert_eq!(code, 75);
    assert!(
        message.contains("another signer uses the store"),
        "{message}"
    );
}

#[tokio::test]
async fn the_sealing_key_may_be_hexadecimal_or_base64_or_a_credential() {
    let place = Place::new();
    let keys = public_keys(&place.start()).await;
    let raw = fs::read(place.sealing_key()).unwrap();
    let hex: String = raw.iter().map(|byte| format!("{byte:02X}")).collect();
    let base64 = base64::engine::general_purpose::STANDARD.encode(&raw) + "\n";
    for form in [hex, base64] {
        fs::write(place.sealing_key(), form).unwrap();
        assert_eq!(public_keys(&place.start()).await, keys);
    }
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gatehouse-signer"));
    command.arg("--socket").arg(place.socket());
    command.arg("--state").arg(place.state());
    command.args(["--sealing-key-credential", "sealing-key"]);
    command.env("CREDENTIALS_DIRECTORY", place.dir.path());
    let signer = Running::start(command, place.socket());
    assert_eq!(public_keys(&signer).await, keys);
}

#[test]
fn a_file_that_is_no_sealing_key_is_refused_before_a_store_is_made() {
    let place = Place::new();
    fs::write(place.sealing_key(), "too short").unwrap();
    let (code, message) = place.refusal();
    assert_eq!(code, 66);
    assert!(message.contains("base64"), "{message}");
    fs::remove_file(place.sealing_key()).unwrap();
    assert_eq!(place.refusal().0, 66);
    assert!(!place.state().exists());
}

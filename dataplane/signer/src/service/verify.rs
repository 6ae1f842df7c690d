//! Verifying, with any version of a key in any state, and random numbers: what needs no
//! private key.

use std::sync::Arc;
use tonic::{Code, Status};

use super::sign::{algorithm, asserted, encoding, find};
use super::status::{invalid, refuse};
use super::{Shared, in_background};
use crate::algorithms::{Encoding, Hashing, Input, PublicKey};
use crate::keyring::Entry;
use crate::limits::{MAX_DATA_BYTES, MAX_RANDOM_BYTES};
use crate::policy::{Question, Use, decide};
use crate::proto::VerifyRequest;
use crate::proto::v1::verify_request::Input as GivenInput;
use crate::proto::v1::{self, Algorithm, RandomRequest, RandomResponse, VerifyResponse};

pub async fn verify(shared: &Shared, request: VerifyRequest) -> Result<VerifyResponse, Status> {
    let asked = request.verify.unwrap_or_default();
    if let Some(GivenInput::Data(data)) = &asked.input
        && data.len() > MAX_DATA_BYTES
    {
        let given = data.len();
        return Err(invalid(format!(
            "data: {given} bytes, at most {MAX_DATA_BYTES} are looked at"
        )));
    }
    let encoding = encoding(asked.encoding)?;
    let (identity, transport) = asserted(request.caller.as_ref());
    let question = Question {
        of: Use::Verify,
        algorithm: algorithm(asked.algorithm)?,
        version: asked.version,
        identity,
        transport,
        wall_ms: None,
        monotonic_ns: 0,
    };
    let entry = {
        let slots = shared.keyring.read();
        let entry = find(&slots, &asked.key)?;
        decide(&entry.subject, &question)?;
        Arc::clone(entry)
    };
    let algorithm = question.algorithm;
    in_background(move || look(&entry, &asked, algorithm, encoding)).await
}

fn look(
    entry: &Entry,
    asked: &v1::VerifyRequest,
    algorithm: Algorithm,
    encoding: Encoding,
) -> Result<VerifyResponse, Status> {
    let input = match &asked.input {
        Some(GivenInput::Data(data)) => Input::Data(data),
        Some(GivenInput::Digest(digest)) => Input::Digest(digest),
        None => {
            return Err(invalid(
                "input: neither data nor a digest; empty data is data too",
            ));
        }
    };
    let damaged = || Status::from(crate::policy::Rule::KeyDamaged);
    entry
        .subject
        .kind
        .check(algorithm, input)
        .map_err(|error| invalid(error.to_string()))?;
    // Once, whatever the number of versions; where the algorithm hashes by itself, as it is.
    let digest = match (input, Hashing::new(algorithm)) {
        (Input::Data(data), Ok(mut hashing)) => {
            hashing.update(data);
            Some(hashing.finish())
        }
        _ => None,
    };
    let input = digest
        .as_ref()
        .map_or(input, |digest| Input::Digest(digest.as_ref()));
    let fits = |version: u32| -> Result<bool, Status> {
        let spki = entry.public(version).ok_or_else(|| {
            refuse(
                Code::NotFound,
                "VERSION_NOT_FOUND",
                format!("version: the key has 1 to {}", entry.subject.newest_version),
            )
        })?;
        PublicKey::from_spki(spki)
            .map_err(|_| damaged())?
            .verify(algorithm, input, encoding, &asked.signature)
            .map_err(|error| Status::internal(error.to_string()))
    };
    let candidates: Vec<u32> = match asked.version {
        0 => entry.versions().collect(),
        version => vec![version],
    };
    for version in candidates {
        if fits(version)? {
            return Ok(VerifyResponse {
                valid: true,
                version,
            });
        }
    }
    Ok(VerifyResponse::default())
}

pub fn random(request: RandomRequest) -> Result<RandomResponse, Status> {
    let count = usize::try_from(request.bytes).unwrap_or(usize::MAX);
    if !(1..=MAX_RANDOM_BYTES).contains(&count) {
        return Err(invalid(format!("bytes: 1 to {MAX_RANDOM_BYTES}")));
    }
    let mut data = vec![0; count];
    aws_lc_rs::rand::fill(&mut data)
        .map_err(|_| Status::internal("the generator gave nothing; call again"))?;
    Ok(RandomResponse { data })
}

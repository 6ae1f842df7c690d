//! The life of a key, over the real socket: each rule of the table seen to allow and to
//! refuse, changes done once, versions, deletion.

mod changes;
mod lists;
mod policy;
mod states;
mod waiting;

use crate::common::{SignStream, batch};
use gatehouse_signer::proto::signer_service_client::SignerServiceClient;
use gatehouse_signer::proto::v1::verify_request::Input as VerifyInput;
use gatehouse_signer::proto::v1::{
    self, Algorithm, ChangeKeyRequest, CreateKeyRequest, Key, KeyKind, KeyPolicy, Transport,
};
use gatehouse_signer::proto::{Caller, SignItem, SignResult, VerifyRequest};
use std::time::{SystemTime, UNIX_EPOCH};
use tonic::Status;
use tonic::transport::Channel;
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

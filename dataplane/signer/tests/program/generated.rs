//! Every method that names a key, in every state of a key, for callers that its policy
//! allows and not: what is expected comes from the tables in code, policy.rs for what uses
//! the key and lifecycle.rs for what changes it. Nothing is left out of the product.

use crate::common::{Place, SignStream, batch, item};
use gatehouse_signer::algorithms::Kind;
use gatehouse_signer::lifecycle::{Change, next_state};
use gatehouse_signer::policy::{Limits, Question, Subject, Use, decide};
use gatehouse_signer::proto::sign_result::Outcome;
use gatehouse_signer::proto::sign_stream_request::Part;
use gatehouse_signer::proto::signer_service_client::SignerServiceClient;
use gatehouse_signer::proto::v1::verify_request::Input as VerifyInput;
use gatehouse_signer::proto::v1::{
    self, Algorithm, ChangeKeyRequest, CreateKeyRequest, GetKeyRequest, KeyKind, KeyPolicy,
    RotateKeyRequest, ScheduleDeletionRequest, SetLabelsRequest, SetPolicyRequest, Transport,
};
use gatehouse_signer::proto::{
    Caller, SignItem, SignResult, SignStreamRequest, SignStreamStart, VerifyRequest,
};
use gatehouse_signer::store::{KeyState, Policy};
use tonic::transport::Channel;
use tonic::{Response, Status};
use tonic_types::StatusExt;

type Client = SignerServiceClient<Channel>;

const P256: Algorithm = Algorithm::EcdsaP256Sha256;

const STATES: [KeyState; 4] = [
    KeyState::Enabled,
    KeyState::Disabled,
    KeyState::PendingDeletion,
    KeyState::Destroyed,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Sign,
    SignStream,
    Verify,
    Get,
    Rotate,
    Enable,
    Disable,
    Schedule,
    Cancel,
    Destroy,
    SetPolicy,
    SetLabels,
}

const METHODS: [Method; 12] = [
    Method::Sign,
    Method::SignStream,
    Method::Verify,
    Method::Get,
    Method::Rotate,
    Method::Enable,
    Method::Disable,
    Method::Schedule,
    Method::Cancel,
    Method::Destroy,
    Method::SetPolicy,
    Method::SetLabels,
];

/// Policies, whether the appliance knows the time, and what each is called.
fn policies() -> Vec<(&'static str, KeyPolicy, bool)> {
    let of = |change: &dyn Fn(&mut KeyPolicy)| {
        let mut policy = KeyPolicy::default();
        change(&mut policy);
        policy
    };
    vec![
        ("open", KeyPolicy::default(), false),
        ("mine", of(&|one| one.identities = vec!["web".into()]), true),
        (
            "theirs",
            of(&|one| one.identities = vec!["else".into()]),
            true,
        ),
        (
            "elsewhere",
            of(&|one| one.transports = vec![Transport::TcpTls.into()]),
            true,
        ),
        ("undated", of(&|one| one.not_after_ms = i64::MAX), false),
        ("over", of(&|one| one.not_after_ms = 1), true),
        ("later", of(&|one| one.not_before_ms = i64::MAX), true),
    ]
}

fn caller() -> Caller {
    Caller {
        identity: "web".into(),
        transport: Transport::Vsock.into(),
    }
}

/// The reason of the refusal; "" for none.
fn expected(method: Method, state: KeyState, policy: &KeyPolicy, clock: bool) -> String {
    let change = match method {
        Method::Sign | Method::SignStream => return table(Use::Sign, state, policy, clock),
        Method::Verify => return table(Use::Verify, state, policy, clock),
        // What of a key a caller sees is the agent's to filter.
        Method::Get => return String::new(),
        Method::Rotate => Change::Rotate,
        Method::Enable => Change::Enable,
        Method::Disable => Change::Disable,
        Method::Schedule => Change::ScheduleDeletion,
        Method::Cancel => Change::CancelDeletion,
        Method::Destroy => Change::Destroy,
        Method::SetPolicy => Change::SetPolicy,
        Method::SetLabels => Change::SetLabels,
    };
    next_state(change, state).map_or_else(|refusal| refusal.reason().into(), |_| String::new())
}

fn table(of: Use, state: KeyState, policy: &KeyPolicy, clock: bool) -> String {
    let numbers = |given: &[i32]| given.iter().map(|one| one.unsigned_abs()).collect();
    let policy = Policy {
        algorithms: numbers(&policy.algorithms),
        identities: policy.identities.clone(),
        transports: numbers(&policy.transports),
        not_before_ms: policy.not_before_ms,
        not_after_ms: policy.not_after_ms,
        signatures_per_second: 0,
    };
    let subject = Subject {
        kind: Kind::P256,
        state,
        newest_version: 1,
        limits: Limits::from(&policy),
        rate: None,
    };
    let question = Question {
        of,
        algorithm: P256,
        version: 0,
        identity: "web",
        transport: Transport::Vsock,
        wall_ms: clock.then_some(1_750_000_000_000),
        monotonic_ns: 0,
    };
    decide(&subject, &question).map_or_else(|refusal| refusal.reason.into(), |()| String::new())
}

async fn make(client: &mut Client, id: &str, state: KeyState, policy: &KeyPolicy) {
    let request = CreateKeyRequest {
        id: id.into(),
        kind: KeyKind::EcP256.into(),
        policy: Some(policy.clone()),
        ..CreateKeyRequest::default()
    };
    client.create_key(request).await.unwrap();
    match state {
        KeyState::Enabled => {}
        KeyState::Disabled => drop(client.disable_key(change(id)).await.unwrap()),
        KeyState::PendingDeletion => {
            drop(client.schedule_key_deletion(schedule(id)).await.unwrap())
        }
        KeyState::Destroyed => {
            client.disable_key(change(id)).await.unwrap();
            client.destroy_key(change(id)).await.unwrap();
        }
    }
}

fn change(id: &str) -> ChangeKeyRequest {
    ChangeKeyRequest {
        id: id.into(),
        ..ChangeKeyRequest::default()
    }
}

fn schedule(id: &str) -> ScheduleDeletionRequest {
    ScheduleDeletionRequest {
        id: id.into(),
        ..ScheduleDeletionRequest::default()
    }
}

fn of_result(result: &SignResult) -> String {
    match &result.outcome {
        Some(Outcome::Failure(failure)) => failure.reason.clone(),
        Some(Outcome::Signature(_)) => String::new(),
        None => panic!("no outcome"),
    }
}

fn of_answer<T>(answer: Result<Response<T>, Status>) -> String {
    match answer {
        Ok(_) => String::new(),
        Err(status) => status.get_details_error_info().unwrap().reason,
    }
}

async fn call(
    method: Method,
    id: &str,
    clock: bool,
    client: &mut Client,
    stream: &mut SignStream,
) -> String {
    match method {
        Method::Sign => {
            let mut request = batch(vec![SignItem {
                caller: 1,
                ..item(1, (id, P256), "x")
            }]);
            request.callers = vec![caller()];
            request.clock_known = clock;
            stream.send.send(request).await.unwrap();
            of_result(&stream.take(1).await[0])
        }
        Method::SignStream => {
            let start = SignStreamRequest {
                part: Some(Part::Start(SignStreamStart {
                    item: Some(SignItem {
                        input: None,
                        ..item(1, (id, P256), "")
                    }),
                    caller: Some(caller()),
                    clock_known: clock,
                })),
            };
            let answer = client.sign_stream(tokio_stream::iter([start])).await;
            of_result(&answer.unwrap().into_inner())
        }
        Method::Verify => of_answer(
            client
                .verify(VerifyRequest {
                    verify: Some(v1::VerifyRequest {
                        key: id.into(),
                        algorithm: P256.into(),
                        input: Some(VerifyInput::Data(b"x".to_vec())),
                        signature: b"none".to_vec(),
                        ..v1::VerifyRequest::default()
                    }),
                    caller: Some(caller()),
                })
                .await,
        ),
        Method::Get => of_answer(client.get_key(GetKeyRequest { id: id.into() }).await),
        Method::Rotate => of_answer(
            client
                .rotate_key(RotateKeyRequest {
                    id: id.into(),
                    ..RotateKeyRequest::default()
                })
                .await,
        ),
        Method::Enable => of_answer(client.enable_key(change(id)).await),
        Method::Disable => of_answer(client.disable_key(change(id)).await),
        Method::Schedule => of_answer(client.schedule_key_deletion(schedule(id)).await),
        Method::Cancel => of_answer(client.cancel_key_deletion(change(id)).await),
        Method::Destroy => of_answer(client.destroy_key(change(id)).await),
        Method::SetPolicy => of_answer(
            client
                .set_key_policy(SetPolicyRequest {
                    id: id.into(),
                    ..SetPolicyRequest::default()
                })
                .await,
        ),
        Method::SetLabels => of_answer(
            client
                .set_key_labels(SetLabelsRequest {
                    id: id.into(),
                    labels: [("a".into(), "b".into())].into(),
                    ..SetLabelsRequest::default()
                })
                .await,
        ),
    }
}

#[tokio::test]
async fn every_method_in_every_state_under_every_policy_answers_as_the_table_says() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    let mut stream = signer.stream().await;
    let mut wrong = Vec::new();
    let mut count = 0;
    for method in METHODS {
        for state in STATES {
            for (name, policy, clock) in policies() {
                let id = format!("k{count}");
                make(&mut client, &id, state, &policy).await;
                let answer = call(method, &id, clock, &mut client, &mut stream).await;
                let expected = expected(method, state, &policy, clock);
                if answer != expected {
                    wrong.push(format!(
                        "{method:?} {state:?} {name}: {answer:?}, not {expected:?}"
                    ));
                }
                count += 1;
            }
        }
    }
    assert_eq!(count, 12 * 4 * 7);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn every_method_refuses_a_key_that_is_not_there() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    let mut stream = signer.stream().await;
    for method in METHODS {
        let answer = call(method, "none", true, &mut client, &mut stream).await;
        let used = matches!(method, Method::Sign | Method::SignStream | Method::Verify);
        let expected = if used {
            "KEY_NOT_ALLOWED"
        } else {
            "KEY_NOT_FOUND"
        };
        assert_eq!(answer, expected, "{method:?}");
    }
}

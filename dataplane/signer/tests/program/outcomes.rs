//! What the table in code (policy.rs) says of every state x policy x caller, as a file:
//! the agent's tests hold their answers against it, so that nobody states the rules twice.

use gatehouse_signer::algorithms::Kind;
use gatehouse_signer::policy::{Limits, Question, Subject, Use, decide};
use gatehouse_signer::proto::v1::{Algorithm, KeyKind, Transport};
use gatehouse_signer::store::{KeyState, Policy};
use serde_json::{Map, Value, json};
use std::fs;
use tonic::Code;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/outcomes.json");
/// Set: the file is written.
const WRITE: &str = "GATEHOUSE_WRITE_OUTCOMES";

const KIND: Kind = Kind::P384;
/// The kind signs with others, too.
const ASKED: Algorithm = Algorithm::EcdsaP384Sha384;
/// 2020, 2026, 2100.
const PAST_MS: i64 = 1_577_836_800_000;
const NOW_MS: i64 = 1_767_225_600_000;
const FUTURE_MS: i64 = 4_102_444_800_000;

const USES: [(&str, Use); 2] = [("Sign", Use::Sign), ("Verify", Use::Verify)];
const STATES: [(&str, KeyState); 4] = [
    ("ENABLED", KeyState::Enabled),
    ("DISABLED", KeyState::Disabled),
    ("PENDING_DELETION", KeyState::PendingDeletion),
    ("DESTROYED", KeyState::Destroyed),
];
/// As the agent names them.
const CALLERS: [(&str, Transport); 5] = [
    ("dns:user.example", Transport::TcpTls),
    ("dns:operator.example", Transport::TcpTls),
    ("tcp", Transport::TcpPlain),
    ("vsock:2", Transport::Vsock),
    ("unix", Transport::Unix),
];

/// One rule each, and the same one twice where it can hold and break.
fn policies() -> Vec<(&'static str, Policy)> {
    let of = |change: &dyn Fn(&mut Policy)| {
        let mut policy = Policy::default();
        change(&mut policy);
        policy
    };
    let number = |number: i32| number.unsigned_abs();
    let other = number(Algorithm::EcdsaP384Sha256.into());
    let asked = number(ASKED.into());
    let transports = [Transport::TcpTls, Transport::Vsock].map(|one| number(one.into()));
    let identities = ["dns:user.example", "unix"].map(str::to_owned);
    vec![
        ("none", Policy::default()),
        ("algorithm", of(&|one| one.algorithms = vec![other])),
        ("same-algorithm", of(&|one| one.algorithms = vec![asked])),
        ("identity", of(&|one| one.identities = identities.to_vec())),
        ("transport", of(&|one| one.transports = transports.to_vec())),
        ("future", of(&|one| one.not_before_ms = FUTURE_MS)),
        ("past", of(&|one| one.not_after_ms = PAST_MS)),
        (
            "dates",
            of(&|one| (one.not_before_ms, one.not_after_ms) = (PAST_MS, FUTURE_MS)),
        ),
    ]
}

/// As the API's KeyPolicy.
fn as_request(policy: &Policy) -> Value {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value, given: bool| {
        if given {
            fields.insert(name.into(), value);
        }
    };
    let Policy {
        algorithms,
        identities,
        transports,
        not_before_ms,
        not_after_ms,
        ..
    } = policy;
    put("algorithms", json!(algorithms), !algorithms.is_empty());
    put("identities", json!(identities), !identities.is_empty());
    put("transports", json!(transports), !transports.is_empty());
    put("not_before_ms", json!(not_before_ms), *not_before_ms != 0);
    put("not_after_ms", json!(not_after_ms), *not_after_ms != 0);
    fields.into()
}

/// "OK", or status and reason.
fn outcome(
    of: Use,
    state: KeyState,
    policy: &Policy,
    (identity, transport): (&str, Transport),
) -> String {
    let key = Subject {
        kind: KIND,
        state,
        newest_version: 1,
        limits: Limits::from(policy),
        rate: None,
    };
    let question = Question {
        of,
        algorithm: ASKED,
        version: 0,
        identity,
        transport,
        wall_ms: Some(NOW_MS),
        monotonic_ns: 0,
    };
    match decide(&key, &question) {
        Ok(()) => "OK".into(),
        Err(refusal) => format!("{} {}", name_of(refusal.code), refusal.reason),
    }
}

/// As gRPC writes it: PERMISSION_DENIED.
fn name_of(code: Code) -> String {
    let camel = format!("{code:?}");
    let mut name = String::new();
    for letter in camel.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

fn outcomes() -> Value {
    let object = |pairs: Vec<(&str, Value)>| -> Value {
        let pairs = pairs.into_iter();
        Value::Object(
            pairs
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    };
    let of_use = |of| {
        let of_state = |state| {
            let of_policy = |policy: &Policy| -> Value {
                let callers = CALLERS.iter();
                callers
                    .map(|caller| outcome(of, state, policy, *caller))
                    .collect()
            };
            let policies = policies();
            let rows = policies
                .iter()
                .map(|(name, policy)| (*name, of_policy(policy)));
            object(rows.collect())
        };
        object(STATES.map(|(name, state)| (name, of_state(state))).to_vec())
    };
    let callers = CALLERS.map(
        |(identity, transport)| json!({ "identity": identity, "transport": i32::from(transport) }),
    );
    let policies = policies();
    let policies = policies
        .iter()
        .map(|(name, policy)| (*name, as_request(policy)));
    json!({
        "about": "Written by tests/outcomes.rs from the table in src/policy.rs; never by hand.",
        "kind": i32::from(KeyKind::from(KIND)),
        "algorithm": i32::from(ASKED),
        "callers": callers,
        "policies": object(policies.collect()),
        "outcomes": object(USES.map(|(name, of)| (name, of_use(of))).to_vec()),
    })
}

#[test]
fn the_file_for_the_agents_tests_says_what_the_table_says() {
    let text = format!("{:#}\n", outcomes());
    if std::env::var_os(WRITE).is_some() {
        fs::write(FILE, text).unwrap();
        return;
    }
    let kept = fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        kept == text,
        "tests/data/outcomes.json isn't what policy.rs says. Look at what changed, then: {WRITE}=1 cargo test -p gatehouse-signer --test program outcomes"
    );
}

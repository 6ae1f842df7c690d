#![allow(clippy::unwrap_used)]
use super::*;
use std::sync::Arc;

const STATES: [KeyState; 4] = [
    KeyState::Enabled,
    KeyState::Disabled,
    KeyState::PendingDeletion,
    KeyState::Destroyed,
];
const NOW: i64 = 1_000_000;

fn subject(state: KeyState, policy: &Policy) -> Subject {
    Subject {
        kind: Kind::Rsa2048,
        state,
        newest_version: 2,
        limits: Limits::from(policy),
        rate: Bucket::new(policy.signatures_per_second).map(Arc::new),
    }
}

fn question(of: Use) -> Question<'static> {
    Question {
        of,
        algorithm: Algorithm::RsaPssSha256,
        version: 0,
        identity: "web",
        transport: Transport::Vsock,
        wall_ms: Some(NOW),
        monotonic_ns: 5_000_000_000,
    }
}

/// Every value of a dimension, and the rule that it breaks, if one.
type Dimension<T> = Vec<(T, Option<Rule>)>;

/// What is expected is said by each value for itself; the first rule in the order that the
/// documentation states is the answer.
#[test]
fn every_combination_is_refused_by_the_first_rule_that_it_breaks() {
    let identities: Dimension<Vec<String>> = vec![
        (vec![], None),
        (vec!["admin".into(), "web".into()], None),
        (vec!["we".into(), "webs".into()], Some(Rule::KeyNotAllowed)),
    ];
    let transports: Dimension<Vec<u32>> = vec![
        (vec![], None),
        (vec![1, 3], None),
        (vec![1, 2, 4], Some(Rule::TransportNotAllowed)),
        // One that this signer doesn't know yet allows nothing.
        (vec![70], Some(Rule::TransportNotAllowed)),
    ];
    let asked: Dimension<Algorithm> = vec![
        (Algorithm::RsaPssSha256, None),
        (Algorithm::EcdsaP256Sha256, Some(Rule::WrongAlgorithm)),
        (Algorithm::Unspecified, Some(Rule::WrongAlgorithm)),
    ];
    let states: Dimension<KeyState> = vec![
        (KeyState::Enabled, None),
        (KeyState::Disabled, Some(Rule::KeyDisabled)),
        (KeyState::PendingDeletion, Some(Rule::KeyPendingDeletion)),
        (KeyState::Destroyed, Some(Rule::KeyDestroyed)),
    ];
    let versions: Dimension<u32> = vec![
        (0, None),
        (2, None),
        (1, Some(Rule::VersionNotCurrent)),
        (3, Some(Rule::VersionNotCurrent)),
    ];
    let algorithms: Dimension<Vec<u32>> = vec![
        (vec![], None),
        (vec![1, 2], None),
        (vec![1, 6], Some(Rule::AlgorithmNotAllowed)),
    ];
    let dates: Dimension<(i64, i64, Option<i64>)> = vec![
        ((0, 0, None), None),
        ((NOW, 0, Some(NOW)), None),
        ((0, NOW, Some(NOW)), None),
        ((1, NOW, None), Some(Rule::ClockUnknown)),
        ((0, NOW, None), Some(Rule::ClockUnknown)),
        ((NOW + 1, 0, Some(NOW)), Some(Rule::KeyNotYetValid)),
        ((1, NOW - 1, Some(NOW)), Some(Rule::KeyExpired)),
    ];
    let rates: Dimension<(u32, u32)> = vec![
        ((0, 100), None),
        ((3, 2), None),
        ((3, 3), Some(Rule::KeyRate)),
    ];
    let mut count = 0;
    for (identities, identity) in &identities {
        for (transports, transport) in &transports {
            for (asked, kind) in &asked {
                for (state, in_state) in &states {
                    for (version, current) in &versions {
                        for (algorithms, algorithm) in &algorithms {
                            for ((from, until, wall_ms), date) in &dates {
                                for ((per_second, taken), rate) in &rates {
                                    let policy = Policy {
                                        algorithms: algorithms.clone(),
                                        identities: identities.clone(),
                                        transports: transports.clone(),
                                        not_before_ms: *from,
                                        not_after_ms: *until,
                                        signatures_per_second: *per_second,
                                    };
                                    let key = subject(*state, &policy);
                                    for _ in 0..*taken {
                                        if let Some(bucket) = &key.rate {
                                            bucket.take(5_000_000_000).unwrap();
                                        }
                                    }
                                    let visible = [*identity, *transport, *kind];
                                    let signing = [*in_state, *current, *algorithm, *date, *rate];
                                    for of in [Use::Sign, Use::Verify] {
                                        let mut question = question(of);
                                        question.algorithm = *asked;
                                        question.version = *version;
                                        question.wall_ms = *wall_ms;
                                        let mut broken: Vec<_> = visible.to_vec();
                                        if of == Use::Sign {
                                            broken.extend(signing);
                                        }
                                        let expected = broken.into_iter().flatten().next();
                                        let refused = decide(&key, &question).err();
                                        assert_eq!(
                                            refused.as_ref().map(|refusal| refusal.reason),
                                            expected.map(Rule::reason),
                                            "{policy:?} {question:?} {state:?}"
                                        );
                                        if let (Some(refusal), Some(rule)) = (refused, expected) {
                                            assert_eq!(refusal.code, rule.code());
                                            let retry = refusal.retry_after_ms > 0;
                                            assert_eq!(retry, rule == Rule::KeyRate);
                                        }
                                        count += 1;
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    assert_eq!(count, 3 * 4 * 3 * 4 * 4 * 3 * 7 * 3 * 2);
}

#[test]
fn a_refusal_takes_nothing_from_the_rate() {
    let policy = Policy {
        not_after_ms: NOW - 1,
        signatures_per_second: 1,
        ..Policy::default()
    };
    let key = subject(KeyState::Enabled, &policy);
    for _ in 0..5 {
        let refused = decide(&key, &question(Use::Sign)).unwrap_err();
        assert_eq!(refused.reason, "KEY_EXPIRED");
    }
    assert!(key.rate.unwrap().take(5_000_000_000).is_ok());
}

#[test]
fn every_rule_has_a_reason_of_its_own_and_words() {
    let mut reasons: Vec<_> = Rule::ALL.iter().map(|rule| rule.reason()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    assert_eq!(reasons.len(), Rule::ALL.len());
    assert!(Rule::ALL.iter().all(|rule| rule.words().len() > 20));
}

#[test]
fn what_waits_is_withdrawn_when_its_key_signs_no_more_or_allows_other_things() {
    let before = subject(KeyState::Enabled, &Policy::default());
    for state in STATES {
        let now = subject(state, &Policy::default());
        let withdrawn = withdrawal(&before, &now);
        assert_eq!(withdrawn.is_none(), state == KeyState::Enabled);
    }
    let policy = Policy {
        transports: vec![1],
        ..Policy::default()
    };
    let now = subject(KeyState::Enabled, &policy);
    assert_eq!(withdrawal(&before, &now), Some(Rule::KeyChanged));
}

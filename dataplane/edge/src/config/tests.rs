//! What a file may say, and how it is told what is wrong.

use super::*;

fn parse(text: &str) -> Result<Config, String> {
    let path = Path::new("/etc/edge/edge.json");
    Config::parse(text.as_bytes(), path).map_err(|Unusable(why)| why)
}

#[test]
fn a_whole_file_says_everything_and_paths_are_beside_it() {
    let config = parse(
        r#"{"listen": [{"address": "0.0.0.0:443", "tls": true, "back": "/run/agent.sock", "alpn": ["h2"]},
                       {"address": "0.0.0.0:444", "tls": true, "back": "g.sock", "alpn": ["http/1.1", "h2"]},
                       {"address": "localhost:0", "tls": false, "back": "/run/agent.sock"}],
            "certificate": "c.pem", "private_key": "k.pem",
            "client_ca": "/ca.pem", "crl": "r.pem", "metrics": "../m.sock",
            "limits": {"max_connections": 7, "handshakes_per_second_per_peer": 3}}"#,
    )
    .unwrap();
    let listen: Vec<String> = config
        .listen
        .iter()
        .map(|one| {
            let (address, tls, back, alpn) = (one.address, one.tls, one.back.display(), &one.alpn);
            format!("{address} {tls} {back} {alpn:?}")
        })
        .collect();
    assert_eq!(
        listen,
        [
            "0.0.0.0:443 true /run/agent.sock [H2]",
            "0.0.0.0:444 true /etc/edge/g.sock [Http11, H2]",
            "127.0.0.1:0 false /run/agent.sock []"
        ]
    );
    let material: Vec<String> = config
        .material
        .as_ref()
        .unwrap()
        .paths()
        .map(|path| path.display().to_string())
        .collect();
    assert_eq!(
        material,
        [
            "/etc/edge/c.pem",
            "/etc/edge/k.pem",
            "/ca.pem",
            "/etc/edge/r.pem"
        ]
    );
    assert_eq!(
        config.metrics.as_deref(),
        Some(Path::new("/etc/edge/../m.sock"))
    );
    let limits = config.limits(&Limits::default());
    assert_eq!(
        (limits.connections, limits.handshakes_per_second_per_peer),
        (7, 3)
    );
    assert_eq!(
        limits.connections_per_peer,
        Limits::default().connections_per_peer
    );
}

#[test]
fn an_empty_object_listens_on_nothing() {
    let config = parse("{}").unwrap();
    assert!(config.listen.is_empty() && config.material.is_none());
}

#[test]
fn a_fault_is_named_with_its_place_and_what_to_do() {
    let tls =
        r#""listen": [{"address": "127.0.0.1:1", "tls": true, "back": "/b", "alpn": ["h2"]}]"#;
    for (text, expected) in [
        ("", "line 1 column 0. Mend it"),
        ("{\n  \"listne\": []\n}", "unknown field `listne`"),
        ("{\n  \"listne\": []\n}", "at line 2 column 10"),
        (
            r#"{"metrics": "/a", "metrics": "/b"}"#,
            "duplicate field `metrics`",
        ),
        // The shape of earlier versions.
        (r#"{"back": "/a"}"#, "unknown field `back`"),
        (
            r#"{"listen": [{"address": "127.0.0.1:1", "back": "/b"}]}"#,
            "missing field `tls`",
        ),
        (
            r#"{"listen": [{"address": "127.0.0.1:1", "tls": false}]}"#,
            "missing field `back`",
        ),
        (
            r#"{"listen": [{"address": "127.0.0.1:1", "tls": true, "back": "/b"}]}"#,
            "127.0.0.1:1 has \"tls\": true and no \"alpn\". Add ",
        ),
        (
            r#"{"listen": [{"address": "127.0.0.1:1", "tls": true, "back": "/b", "alpn": []}]}"#,
            "127.0.0.1:1 has \"tls\": true and no \"alpn\". Add ",
        ),
        (
            r#"{"listen": [{"address": "127.0.0.1:1", "tls": false, "back": "/b", "alpn": ["h2"]}]}"#,
            "Leave \"alpn\" out",
        ),
        (
            r#"{"listen": [{"address": "127.0.0.1:1", "tls": true, "back": "/b", "alpn": ["h3"]}]}"#,
            "unknown variant `h3`, expected `h2` or `http/1.1`",
        ),
        (
            r#"{"listen": [{"address": "example.org:1", "tls": true}]}"#,
            "write an IP address and a port",
        ),
        (
            r#"{"listen": [{"address": "127.0.0.1", "tls": true}]}"#,
            "write an IP address and a port",
        ),
        (
            r#"{"listen": [{"address": "127.0.0.1:65536", "tls": true}]}"#,
            "write an IP address and a port",
        ),
        (
            r#"{"listen": [{"address": "127.0.0.1:1", "tls": false, "x": 1}]}"#,
            "unknown field `x`",
        ),
        (&format!("{{{tls}}}"), "no certificate is named"),
        (
            &format!("{{{tls}, \"certificate\": \"c\"}}"),
            "Name the missing ones",
        ),
        (r#"{"crl": "c"}"#, "Name the missing ones"),
        (r#"{"limits": {"max_connections": 0}}"#, "from 1 to 65536"),
        (r#"{"limits": {"max_connections": -1}}"#, "invalid value"),
        (
            r#"{"limits": {"handshakes_per_second": 100001}}"#,
            "from 1 to 100000",
        ),
        (
            r#"{"limits": {"max_peers": 1}}"#,
            "unknown field `max_peers`",
        ),
        ("{} x", "trailing characters"),
    ] {
        let why = parse(text).unwrap_err();
        assert!(
            why.starts_with("/etc/edge/edge.json: ") && why.contains(expected),
            "{why}"
        );
    }
}

#[test]
fn no_more_listeners_than_may_be() {
    let one = r#"{"address": "127.0.0.1:0", "tls": false, "back": "/b"}"#;
    let all = |count: usize| format!(r#"{{"listen": [{}]}}"#, vec![one; count].join(","));
    assert!(parse(&all(MAX_LISTENERS)).is_ok());
    assert!(
        parse(&all(MAX_LISTENERS + 1))
            .unwrap_err()
            .contains("Listen on fewer")
    );
}

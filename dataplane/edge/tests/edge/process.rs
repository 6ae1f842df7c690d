//! The process: its command line, signals and exit codes.

use crate::common::{PATIENCE, Place, ask, config, connect, echo};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[test]
fn sigterm_lets_what_is_open_finish_and_takes_nothing_new() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let mut edge = place.start();
    let client = Arc::new(config(&place.pki, Some(&place.client())));
    let mut open = connect(edge.at, &client);
    ask(&mut open, "before").unwrap();
    edge.signal("-TERM");
    edge.line("stopping");
    assert_eq!(ask(&mut open, "during").unwrap(), "during");
    assert!(TcpStream::connect(edge.at).is_err());
    let start = Instant::now();
    open.conn.send_close_notify();
    ask(&mut open, "").unwrap();
    drop(open);
    assert_eq!(edge.child.wait().unwrap().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[test]
fn sigterm_ends_after_its_grace_whatever_is_open() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let mut edge = place.start();
    let mut open = place.connect(edge.at);
    ask(&mut open, "before").unwrap();
    edge.signal("-TERM");
    let start = Instant::now();
    assert_eq!(edge.child.wait().unwrap().code(), Some(0));
    assert!(start.elapsed() < PATIENCE);
}

#[test]
fn the_end_of_standard_input_ends_it_when_it_was_told_so() {
    for (told, ends) in [(true, true), (false, false)] {
        let place = Place::new();
        let mut command = place.command();
        command.stdin(std::process::Stdio::piped());
        if told {
            command.arg("--stop-at-stdin-end");
        }
        let mut child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(200));
        assert!(child.try_wait().unwrap().is_none());
        drop(child.stdin.take());
        let start = Instant::now();
        while child.try_wait().unwrap().is_none() && start.elapsed() < Duration::from_millis(500) {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(child.try_wait().unwrap().is_some(), ends);
        let _ = child.kill();
        child.wait().unwrap();
    }
}

#[test]
fn wrong_usage_ends_with_2_and_help_shows_a_file() {
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatehouse-edge"));
        command.args(arguments).output().unwrap()
    };
    assert_eq!(run(&[]).status.code(), Some(2));
    assert_eq!(run(&["--listen", "127.0.0.1:0"]).status.code(), Some(2));
    let help = run(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    let text = String::from_utf8(help.stdout).unwrap();
    // The example is one that it takes.
    let example =
        &text[text.find("    {\n").unwrap()..text.find("  \"crl\", \"metrics\"").unwrap()];
    let path = std::path::Path::new("/etc/edge.json");
    gatehouse_edge::config::Config::parse(example.as_bytes(), path).unwrap();
}

#[test]
fn systemd_is_told_at_the_first_look_even_if_the_file_is_not_there() {
    let place = Place::new();
    let socket = UnixDatagram::bind(place.path("notify")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let heard = || {
        let mut buffer = [0; 200];
        let len = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..len].to_vec()).unwrap()
    };
    let mut command = place.command();
    command.env("NOTIFY_SOCKET", place.path("notify"));
    let edge = crate::common::Running::start(command);
    assert!(heard().starts_with("READY=1\nSTATUS=listening on nothing; looking at "));
    place.configure(&[("127.0.0.1:0", true)], "");
    let at = edge.ready()[0];
    assert_eq!(heard(), format!("READY=1\nSTATUS=listening on {at}"));
    edge.signal("-TERM");
    assert_eq!(heard(), "STOPPING=1");
}

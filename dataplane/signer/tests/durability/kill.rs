//! kill -9 at random moments of a process that makes, rotates and destroys keys.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::model::{Model, Random, apply, contents, open, scratch};

const SHORT_ROUNDS: usize = 25;
const SEED: u64 = 17;
/// Rounds on one store: then a new one, so that destroyed keys don't pile up.
const ROUNDS_A_STORE: usize = 50;
/// A start takes 10 ms or more of it, and is interrupted too.
const MOST_WAIT_US: u64 = 150_000;
const DIR: &str = "GATEHOUSE_KILL_DIR";
const DONE: &str = "GATEHOUSE_KILL_DONE";

/// The process that is killed: says each change that was acknowledged.
#[test]
#[ignore = "is started by the others"]
fn child() {
    let Ok(dir) = std::env::var(DIR) else {
        return;
    };
    let done: u64 = std::env::var(DONE).unwrap().parse().unwrap();
    let (store, _) = open(Path::new(&dir), 1).unwrap();
    let mut model = Model::new(SEED);
    while model.changes < done {
        model.change();
    }
    let mut out = std::io::stdout();
    loop {
        apply(&store, model.change()).unwrap();
        writeln!(out, "acknowledged {}", model.changes).unwrap();
        out.flush().unwrap();
    }
}

fn rounds(count: usize) {
    let mut random = Random(23);
    let (mut dir, mut model) = (scratch(), Model::new(SEED));
    let (mut acknowledged, mut more) = (0, 0);
    for round in 0..count {
        if round % ROUNDS_A_STORE == ROUNDS_A_STORE - 1 {
            (dir, model) = (scratch(), Model::new(SEED));
        }
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::child", "--ignored", "--nocapture"])
            .env(DIR, dir.path())
            .env(DONE, model.changes.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let killer = std::thread::spawn({
            let wait = Duration::from_micros(random.next() % MOST_WAIT_US);
            move || {
                std::thread::sleep(wait);
                child.kill().unwrap();
                child.wait().unwrap();
            }
        });
        let said = output.lines().map_while(Result::ok);
        let last = said
            .filter_map(|line| line.rsplit("acknowledged ").next()?.parse::<u64>().ok())
            .last()
            .unwrap_or(model.changes);
        killer.join().unwrap();
        while model.changes < last {
            model.change();
            acknowledged += 1;
        }
        let (store, opened) = open(dir.path(), 1).unwrap();
        assert!(!opened.lossy);
        let now = contents(&store, &opened.keys).unwrap();
        if now != model.keys {
            // One more may be there: its acknowledgement was under way.
            model.change();
            more += 1;
            assert_eq!(now, model.keys, "round {round}, after {last} changes");
        }
    }
    println!("{count} kills: {acknowledged} acknowledged changes there, {more} more, none half");
    assert!(acknowledged > 0);
}

#[test]
fn what_was_acknowledged_before_kill_9_is_there() {
    rounds(SHORT_ROUNDS);
}

#[test]
#[ignore = "minutes: 1,000 rounds"]
fn a_thousand_kills() {
    rounds(1_000);
}

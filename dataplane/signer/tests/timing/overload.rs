//! Ten times as much RSA-4096 as the signer can do: nearly all that it signs is still of
//! use, and the rest is refused in its time. Alone in its file, so that no other test
//! takes its share of the machine; through the agent: `deno task bench-overload`.

use crate::common::{Place, Running, SignStream, batch, is_failure, item, refusal_of};
use gatehouse_signer::proto::v1::{Algorithm, CreateKeyRequest, KeyKind};
use gatehouse_signer::proto::{SignItem, SignResult};
use std::time::{Duration, Instant};

const LONG: (&str, Algorithm) = ("long", Algorithm::RsaPkcs1Sha256);
const TIMES: f64 = 10.0;
const LASTS: Duration = Duration::from_secs(4);
const TIMEOUT: Duration = Duration::from_millis(1000);
const TICK: Duration = Duration::from_millis(20);
/// Of the peak. Without optimisation refusing takes too much of the time for it.
const GOODPUT: f64 = if cfg!(debug_assertions) { 0.75 } else { 0.9 };
/// Of the items: all on a quiet machine; a thread that waits for a core is late with some.
const IN_TIME: f64 = 0.97;
/// Others may take the machine in the middle of one; a signer that falls short does in all.
const TRIES: u32 = 3;

struct Overload {
    sent: Vec<Instant>,
    answered: Vec<(Instant, SignResult)>,
    took: Duration,
}

#[tokio::test]
async fn at_ten_times_capacity_nearly_all_work_is_of_use_and_the_rest_is_refused_in_time() {
    let place = Place::new();
    let signer = place.start();
    let request = CreateKeyRequest {
        id: LONG.0.into(),
        kind: KeyKind::Rsa4096.into(),
        ..CreateKeyRequest::default()
    };
    signer.client().await.create_key(request).await.unwrap();

    let mut seen = String::new();
    for _ in 0..TRIES {
        let (met, said) = measured(&signer).await;
        println!("{said}");
        if met {
            return;
        }
        seen = said;
    }
    panic!("{seen}");
}

/// Whether it was as it should be, and what was seen.
async fn measured(signer: &Running) -> (bool, String) {
    // What it can do, before and after: others may take more or less of the machine meanwhile.
    let before = peak(signer).await;
    let seen = overload(signer, before * TIMES).await;
    let after = peak(signer).await;
    let peak = f64::midpoint(before, after);

    let (mut good, mut in_time) = (0, 0);
    for (at, result) in &seen.answered {
        let waited = *at - seen.sent[result.id as usize];
        let was_in_time = waited <= TIMEOUT;
        in_time += usize::from(was_in_time);
        if is_failure(result) {
            let refusal = refusal_of(result);
            let reason = refusal.reason.as_str();
            let known = matches!(reason, "QUEUE_FULL" | "DEADLINE_EXCEEDED");
            assert!(known, "{refusal:?}");
            assert!(reason != "QUEUE_FULL" || refusal.retry_after_ms > 0);
        } else {
            good += usize::from(was_in_time);
        }
    }
    let seconds = seen.took.as_secs_f64();
    let (asked, goodput) = (seen.sent.len() as f64 / seconds, good as f64 / seconds);
    let in_time = in_time as f64 / seen.answered.len() as f64;
    // Less, and the peak was measured while others had the machine.
    let enough = asked > TIMES / 2.0 * peak;
    let said = format!(
        "peak {before:.0}/s and {after:.0}/s; asked {asked:.0}/s, goodput {goodput:.0}/s ({:.0}%), {:.2}% in time",
        100.0 * goodput / peak,
        100.0 * in_time
    );
    (
        enough && goodput >= GOODPUT * peak && in_time >= IN_TIME,
        said,
    )
}

/// Signatures a second, never idle, never more than it takes.
async fn peak(signer: &Running) -> f64 {
    const WINDOW: u32 = 32;
    const COUNT: u32 = 1_000;
    let mut stream = signer.stream().await;
    let started = Instant::now();
    ask(&stream, 0..WINDOW, 0).await;
    let (mut next, mut done) = (WINDOW, 0);
    while done < COUNT {
        let results = stream.results.message().await.unwrap().unwrap().results;
        done += results.len() as u32;
        let more = (results.len() as u32).min(COUNT - next);
        if more > 0 {
            ask(&stream, next..next + more, 0).await;
            next += more;
        }
    }
    f64::from(done) / started.elapsed().as_secs_f64()
}

async fn ask(stream: &SignStream, ids: std::ops::Range<u32>, timeout_ms: u32) {
    let items = ids.map(|id| timed(id, timeout_ms)).collect();
    stream.send.send(batch(items)).await.unwrap();
}

fn timed(id: u32, timeout_ms: u32) -> SignItem {
    SignItem {
        timeout_ms,
        ..item(id, LONG, "x")
    }
}

async fn overload(signer: &Running, per_second: f64) -> Overload {
    let per_tick = (per_second * TICK.as_secs_f64()) as u32;
    let timeout_ms = TIMEOUT.as_millis() as u32;
    let SignStream { send, mut results } = signer.stream().await;
    let started = Instant::now();
    let mut tick = tokio::time::interval(TICK);
    let mut answered = Vec::new();
    let mut sent: Vec<Instant> = Vec::new();
    let mut sending = true;
    while sending || answered.len() < sent.len() {
        tokio::select! {
            _ = tick.tick(), if sending => {
                let id = sent.len() as u32;
                let items = (id..id + per_tick).map(|id| timed(id, timeout_ms)).collect();
                sent.resize(sent.len() + per_tick as usize, Instant::now());
                send.send(batch(items)).await.unwrap();
                sending = started.elapsed() < LASTS;
            }
            message = results.message() => {
                let now = Instant::now();
                let results = message.unwrap().unwrap().results;
                answered.extend(results.into_iter().map(|result| (now, result)));
            }
        }
    }
    Overload {
        sent,
        answered,
        took: started.elapsed(),
    }
}

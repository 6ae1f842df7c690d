//! Log lines in the agent's form: one JSON object a line with `time`, `level`
//! (lower case), `component`, `message` and the event's fields. Never a secret.

use std::fmt;
use std::io::Write as _;
use std::sync::OnceLock;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// What reads the lines of several programs tells them apart by it.
static COMPONENT: OnceLock<&str> = OnceLock::new();

/// Writes to standard error, from `info` on. To be called once, by `main`.
pub fn init(component: &'static str) {
    let _ = COMPONENT.set(component);
    tracing_subscriber::fmt()
        .event_format(AgentForm)
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::INFO)
        .init();
}

/// A panic is logged by `message` and its place only: its own message could quote what
/// it worked on.
pub fn panics(message: &'static str) {
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "{message}");
    }));
}

/// Writes a line whose field is no text, number or flag, which an event of `tracing`
/// can't have.
pub fn info(message: &str, field: &str, value: Value) {
    let mut line = opening("info");
    line.insert("message".into(), message.into());
    line.insert(field.into(), value);
    let _ = writeln!(std::io::stderr(), "{}", Value::Object(line));
}

/// What every line begins with.
fn opening(level: &str) -> Map<String, Value> {
    let mut time = String::new();
    // Writing to a String doesn't fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut time));
    let mut line = Map::new();
    line.insert("time".into(), time.into());
    line.insert("level".into(), level.into());
    let component = COMPONENT.get().copied().unwrap_or("gatehouse");
    line.insert("component".into(), component.into());
    line
}

struct AgentForm;

impl<S, N> FormatEvent<S, N> for AgentForm
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = event.metadata().level().as_str().to_ascii_lowercase();
        let mut line = Line(opening(&level));
        event.record(&mut line);
        writeln!(writer, "{}", Value::Object(line.0))
    }
}

/// Collects an event's fields; `message` is one of them.
struct Line(Map<String, Value>);

impl Line {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }
}

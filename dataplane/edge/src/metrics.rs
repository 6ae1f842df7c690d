//! What is counted, and its text (Prometheus' exposition format 0.0.4). Names nobody:
//! peers and certificates are for the log.

use std::fmt::Write as _;
use std::time::Duration;

use crate::reason::Reason;

/// How many there are of each reason.
type ByReason = [u64; Reason::ALL.len()];

#[derive(Default)]
pub struct Metrics {
    pub accepted: u64,
    refused: ByReason,
    handshakes_failed: ByReason,
    closed: ByReason,
    full_handshakes: u64,
    resumed_handshakes: u64,
    bytes_in: u64,
    bytes_out: u64,
    pub configurations_taken: u64,
    pub configurations_refused: u64,
}

/// What is so at this moment.
#[derive(Default)]
pub struct Gauges {
    pub connections: usize,
    pub handshakes_waiting: usize,
    pub queued_bytes: usize,
    pub listeners: usize,
    /// Addresses that can't be listened on.
    pub unbound: usize,
    /// The end of the server's certificate, since 1970.
    pub certificate_not_after: Option<Duration>,
    /// The configuration in use.
    pub configuration: Option<String>,
}

fn count(family: &mut ByReason, reason: Reason) {
    if let Some(number) = family.get_mut(reason as usize) {
        *number += 1;
    }
}

impl Metrics {
    /// A connection that got no place.
    pub fn note_refused(&mut self, reason: Reason) {
        count(&mut self.refused, reason);
    }

    pub fn note_handshake(&mut self, resumed: bool) {
        if resumed {
            self.resumed_handshakes += 1;
        } else {
            self.full_handshakes += 1;
        }
    }

    /// A connection that ended otherwise than by its two sides' will.
    pub fn note_ending(&mut self, reason: Reason, proven: bool) {
        let family = match proven {
            true => &mut self.closed,
            false => &mut self.handshakes_failed,
        };
        count(family, reason);
    }

    /// Plain bytes: towards the agent, towards the client.
    pub fn note_moved(&mut self, (bytes_in, bytes_out): (u64, u64)) {
        self.bytes_in += bytes_in;
        self.bytes_out += bytes_out;
    }

    #[must_use]
    pub fn text(&self, now: &Gauges) -> String {
        let mut out = Text::default();
        let version = env!("CARGO_PKG_VERSION");
        out.gauge("build_info", "The edge itself.");
        out.value("build_info", &[("version", version)], 1);
        out.gauge("connections", "Open connections, in any state.");
        out.value("connections", &[], now.connections);
        out.counter(
            "connections_accepted_total",
            "Connections that got a place.",
        );
        out.value("connections_accepted_total", &[], self.accepted);
        out.by_reason(
            "connections_refused_total",
            "Connections that got no place.",
            &self.refused,
        );
        out.by_reason(
            "connections_closed_total",
            "Connections closed by the edge after their handshake.",
            &self.closed,
        );
        out.counter("handshakes_total", "Handshakes done.");
        for (kind, number) in [
            ("full", self.full_handshakes),
            ("resumed", self.resumed_handshakes),
        ] {
            out.value("handshakes_total", &[("kind", kind)], number);
        }
        out.by_reason(
            "handshakes_failed_total",
            "Handshakes that were not done.",
            &self.handshakes_failed,
        );
        out.gauge(
            "handshakes_waiting",
            "Connections that wait for their turn.",
        );
        out.value("handshakes_waiting", &[], now.handshakes_waiting);
        out.counter("bytes_total", "Plain bytes: in is towards the agent.");
        for (direction, number) in [("in", self.bytes_in), ("out", self.bytes_out)] {
            out.value("bytes_total", &[("direction", direction)], number);
        }
        out.gauge("queued_bytes", "Bytes that somebody hasn't taken yet.");
        out.value("queued_bytes", &[], now.queued_bytes);
        out.gauge("listeners", "Addresses, by whether they are listened on.");
        for (state, number) in [("open", now.listeners), ("failed", now.unbound)] {
            out.value("listeners", &[("state", state)], number);
        }
        out.counter(
            "config_loads_total",
            "Configurations, by whether they were taken.",
        );
        for (result, number) in [
            ("taken", self.configurations_taken),
            ("refused", self.configurations_refused),
        ] {
            out.value("config_loads_total", &[("result", result)], number);
        }
        if let Some(path) = &now.configuration {
            out.gauge("config_info", "The file of the configuration in use.");
            out.value("config_info", &[("path", path)], 1);
        }
        if let Some(end) = now.certificate_not_after {
            out.gauge(
                "certificate_not_after_seconds",
                "When the server's certificate ends, since 1970.",
            );
            out.value("certificate_not_after_seconds", &[], end.as_secs());
        }
        out.0
    }
}

/// Writing to a String doesn't fail, so that results are dropped here.
#[derive(Default)]
struct Text(String);

impl Text {
    fn gauge(&mut self, name: &str, help: &str) {
        self.head(name, help, "gauge");
    }

    fn counter(&mut self, name: &str, help: &str) {
        self.head(name, help, "counter");
    }

    fn head(&mut self, name: &str, help: &str, kind: &str) {
        let _ = writeln!(self.0, "# HELP gatehouse_edge_{name} {help}");
        let _ = writeln!(self.0, "# TYPE gatehouse_edge_{name} {kind}");
    }

    fn value(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let _ = write!(self.0, "gatehouse_edge_{name}");
        for (at, (label, text)) in labels.iter().enumerate() {
            let opening = if at == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{opening}{label}=\"{}\"", escaped(text));
        }
        let closing = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{closing} {value}");
    }

    /// Those that occurred.
    fn by_reason(&mut self, name: &str, help: &str, family: &ByReason) {
        self.counter(name, help);
        for (reason, number) in Reason::ALL.iter().zip(family) {
            if *number > 0 {
                self.value(name, &[("reason", reason.label())], number);
            }
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_comment_or_a_name_with_a_number() {
        let mut metrics = Metrics::default();
        metrics.note_ending(Reason::Expired, false);
        metrics.note_ending(Reason::Expired, true);
        metrics.note_ending(Reason::Expired, true);
        let text = metrics.text(&Gauges {
            connections: 3,
            certificate_not_after: Some(Duration::from_secs(1_800_000_000)),
            configuration: Some("/a \"b\"\n\\".into()),
            ..Gauges::default()
        });
        for line in text.lines().filter(|line| !line.starts_with("# ")) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with("gatehouse_edge_"), "{line}");
            assert!(value.parse::<u64>().is_ok(), "{line}");
        }
        for expected in [
            "gatehouse_edge_connections 3\n",
            "gatehouse_edge_handshakes_failed_total{reason=\"certificate_expired\"} 1\n",
            "gatehouse_edge_connections_closed_total{reason=\"certificate_expired\"} 2\n",
            "gatehouse_edge_certificate_not_after_seconds 1800000000\n",
            "gatehouse_edge_config_info{path=\"/a \\\"b\\\"\\n\\\\\"} 1\n",
        ] {
            assert!(text.contains(expected), "{text}");
        }
    }
}

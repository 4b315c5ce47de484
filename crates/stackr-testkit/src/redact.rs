//! Taking out of a text what differs from run to run, so that it can be compared to one that was written down.

use std::sync::LazyLock;

use regex::Regex;

/// What is taken out, and what stands there instead. The order matters: what is longer comes first.
static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let patterns = [
        (r"\x1b\[[0-9;]*m", ""),
        (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", "[TIME]"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "[UUID]"),
        (r"\b(127\.0\.0\.1|localhost):\d+", "${1}:[PORT]"),
        // The uid of an object, and anything else as long.
        (r"\b[0-9a-f]{32,64}\b", "[HEX]"),
        // EC2: nat-0123456789abcdef0, eipalloc-….
        (r"\b([a-z]+(?:-[a-z]+)*)-[0-9a-f]{8}(?:[0-9a-f]{9})?\b", "${1}-[ID]"),
        // Load balancing: the last part of an ARN.
        (r"/[0-9a-f]{16}\b", "/[ID]"),
        (r"\bZ[0-9A-Z]{12,31}\b", "Z[ID]"),
        (r"\bprocess \d+", "process [PID]"),
        (r"\b(\d+m )?\d+(\.\d+)? ?(ms|s)\b", "[DURATION]"),
    ];
    patterns.map(|(pattern, with)| (Regex::new(pattern).expect("a pattern"), with)).into()
});

/// The text without ids, ports, processes, times, durations and colours.
#[must_use]
pub fn redact(text: &str) -> String {
    PATTERNS
        .iter()
        .fold(text.to_owned(), |text, (pattern, with)| pattern.replace_all(&text, *with).into_owned())
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn what_differs_from_run_to_run_is_taken_out() {
        let check = |text: &str, expect: &str| assert_eq!(redact(text), expect);
        check(
            "running: http://127.0.0.1:40123 (process 77)",
            "running: http://127.0.0.1:[PORT] (process [PID])",
        );
        check(
            "aws_vpc.main: created vpc-0a1b2c3d4e5f60718 in 1.2s",
            "aws_vpc.main: created vpc-[ID] in [DURATION]",
        );
        check("eipalloc-0a1b2c3d", "eipalloc-[ID]");
        check("loadbalancer/app/main/0123456789abcdef", "loadbalancer/app/main/[ID]");
        check("\x1b[1mPlan:\x1b[0m 3 to add", "Plan: 3 to add");
        check("since 2026-01-02T03:04:05.678Z", "since [TIME]");
        check("uid 0123456789abcdef0123456789abcdef", "uid [HEX]");
        check("550e8400-e29b-41d4-a716-446655440000", "[UUID]");
        check("zone Z0123456789ABCDEFGHIJ", "zone Z[ID]");
    }

    #[test]
    fn what_the_author_chose_stays() {
        for text in
            ["aws_subnet.public[0]", "10.0.0.0/16", "us-west-2a", "demo-dev", "3 to add", "port 8080", "Zone"]
        {
            assert_eq!(redact(text), text);
        }
    }
}

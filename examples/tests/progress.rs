//! The timeline of a run that was written down as JSON lines.

use stackr::Envelope;
use stackr_examples::progress::Timeline;

const EVENTS: &str = include_str!("events.jsonl");

#[test]
fn events_become_a_timeline() {
    let mut timeline = Timeline::default();
    for line in EVENTS.lines() {
        let event: Envelope = serde_json::from_str(line).expect("the published form");
        timeline.observe(&event);
    }
    let expect = "\
aws_vpc.main         |==========                               | 1.0 s
aws_eip.nat          |====                                     | 0.4 s, repeated 1 times
aws_nat_gateway.main |          ============================== | 3.0 s, pending
aws_route.default    |                                        =| 0.0 s, failed: no such gateway
4 steps in 4.0 s, at most 2 at once
";
    assert_eq!(timeline.to_string(), expect);
    assert_eq!(timeline.widest(), 2);
}

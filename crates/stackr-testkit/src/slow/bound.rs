//! The least time that a program can take: the longest path through its declared edges under the model's times.

use std::{fmt, sync::LazyLock, time::Duration};

use regex::Regex;
use serde_json::{Value, json};

use super::{Slow, Time};

/// How far the end is waited for, as `stackr apply --until` has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Until {
    /// Until everything exists that nothing waits for.
    Created,
    /// Until everything can be used.
    #[default]
    Ready,
    /// Until nothing moves any more.
    Steady,
}

/// The longest path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// How long it takes, at the scale.
    pub duration: Duration,
    /// Its steps that take time, first to last: what is done, on which address, for how long.
    pub path: Vec<(String, String, Duration)>,
}

/// A program that is not understood: the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAProgram(String);

impl fmt::Display for NotAProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a step of a program, as `stackr plan --json` has it in `program`", self.0)
    }
}

impl std::error::Error for NotAProgram {}

struct Step {
    verb: String,
    address: String,
    /// Whether its parent's delete does it.
    free: bool,
    /// Positions of the steps before it, and whether these have to be ready.
    after: Vec<(usize, bool)>,
}

impl Bound {
    /// Of a program as `stackr plan --json` has it in `program`, with nothing but AWS's own waits.
    ///
    /// # Errors
    /// It is no such program.
    pub fn of(program: &str, slow: Slow, until: Until) -> Result<Self, NotAProgram> {
        let steps = parse(program)?;
        // A program's steps are in an order in which they can run.
        let mut ends: Vec<(Duration, Option<usize>)> = Vec::with_capacity(steps.len());
        let mut bound = (Duration::ZERO, None);
        for (at, step) in steps.iter().enumerate() {
            let known = step.after.iter().filter(|(from, _)| *from < at);
            let ready = known.map(|(from, ready)| {
                let before = &steps[*from];
                let (end, _) = ends[*from];
                let took = slow.of(takes(before));
                (
                    if *ready { end + slow.of(release(before, step)) } else { end.saturating_sub(took) },
                    Some(*from),
                )
            });
            let (start, from) = ready.max().unwrap_or((Duration::ZERO, None));
            let end = start + slow.of(takes(step));
            ends.push((end, from));
            let awaited = steps.iter().any(|other| other.after.contains(&(at, true)));
            let over = match until {
                Until::Created if step.verb == "create" && !awaited => start,
                Until::Steady if matches!(step.verb.as_str(), "create" | "update") => {
                    end + slow.of(Time::of(&ty(&step.address)).steady)
                }
                _ => end,
            };
            bound = bound.max((over, Some(at)));
        }
        let (duration, mut next) = bound;
        let mut path = Vec::new();
        while let Some(at) = next {
            let step = &steps[at];
            path.push((step.verb.clone(), step.address.clone(), slow.of(takes(step))));
            next = ends[at].1;
        }
        path.reverse();
        Ok(Self { duration, path })
    }

    /// `{ "seconds": …, "path": [{ "verb", "address", "seconds" }] }`
    #[must_use]
    pub fn to_json(&self) -> Value {
        let step = |(verb, address, takes): &(String, String, Duration)| json!({ "verb": verb, "address": address, "seconds": takes.as_secs_f64() });
        let path: Vec<Value> = self.path.iter().map(step).collect();
        json!({ "seconds": self.duration.as_secs_f64(), "path": path })
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} s", self.duration.as_secs_f64())?;
        for (verb, address, takes) in self.path.iter().filter(|(_, _, takes)| !takes.is_zero()) {
            write!(f, "\n{:>8.3} s  {verb} {address}", takes.as_secs_f64())?;
        }
        Ok(())
    }
}

/// From the start of a step until what it acts on is ready, or gone.
fn takes(step: &Step) -> Duration {
    let time = Time::of(&ty(&step.address));
    match step.verb.as_str() {
        "create" => time.create,
        "delete" if !step.free => time.delete,
        _ => Duration::ZERO,
    }
}

/// How long what is gone keeps what it used from being deleted.
fn release(gone: &Step, next: &Step) -> Duration {
    let held = ["aws_subnet", "aws_security_group", "aws_internet_gateway"];
    let both = gone.verb == "delete" && next.verb == "delete" && held.contains(&ty(&next.address).as_str());
    if both { Time::of(&ty(&gone.address)).release } else { Duration::ZERO }
}

/// `module.net["a.b"].aws_lb.main[0]` is an `aws_lb`.
fn ty(address: &str) -> String {
    let bare = without_keys(address);
    let parts: Vec<&str> = bare.split('.').collect();
    parts.len().checked_sub(2).map_or("", |at| parts[at]).to_owned()
}

fn without_keys(address: &str) -> String {
    static KEY: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"\[(?:"(?:[^"\\]|\\.)*"|[0-9]+)\]"#).expect("a pattern"));
    KEY.replace_all(address, "").into_owned()
}

fn parse(program: &str) -> Result<Vec<Step>, NotAProgram> {
    static STEP: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^s[0-9]+ +([a-z]+) +(.+?)(?:    after ((?:s[0-9]+\.(?:id|ready)(?:, )?)+))?$")
            .expect("a pattern")
    });
    let steps = program.lines().filter(|line| line.starts_with('s'));
    steps
        .map(|line| {
            let found = STEP.captures(line).ok_or_else(|| NotAProgram(line.to_owned()))?;
            let edges = found.get(3).map_or("", |after| after.as_str()).split(", ");
            let edges = edges.filter_map(|edge| edge.strip_prefix('s')?.split_once('.'));
            let edges = edges.filter_map(|(number, milestone)| {
                Some((number.parse::<usize>().ok()?.checked_sub(1)?, milestone == "ready"))
            });
            let free = without_keys(&found[2]).contains(" with ");
            let address = found[2].split(" with ").next().unwrap_or_default().trim_end_matches(" (old)");
            Ok(Step { verb: found[1].to_owned(), address: address.to_owned(), free, after: edges.collect() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: &str = "\
s1   create  aws_vpc.main
s2   create  aws_subnet.a[\"x y\"]    after s1.ready
s3   create  module.m[\"a.b\"].aws_lb.main    after s2.ready
s4   create  aws_lb_listener.http    after s3.id
s5   create  aws_nat_gateway.main    after s2.ready
s6   create  aws_ecs_service.a    after s4.ready
";

    fn check(program: &str, until: Until, seconds: u64, path: &str) {
        let bound = Bound::of(program, Slow::new(1.0).expect("a scale"), until).expect("a program");
        let names: Vec<_> = bound.path.iter().map(|(_, address, _)| ty(address)).collect();
        assert_eq!((bound.duration.as_secs(), names.join(" ").as_str()), (seconds, path));
    }

    #[test]
    fn the_longest_path_counts_and_an_early_edge_needs_the_id_only() {
        check(PROGRAM, Until::Ready, 3 + 2 + 156, "aws_vpc aws_subnet aws_lb");
        let steady = "aws_vpc aws_subnet aws_lb";
        check(PROGRAM, Until::Steady, 3 + 2 + 156, steady);
        let alone = PROGRAM.replace("aws_lb.main", "aws_eip.main");
        check(&alone, Until::Ready, 3 + 2 + 109, "aws_vpc aws_subnet aws_nat_gateway");
        check(&alone, Until::Created, 3 + 2, "aws_vpc aws_subnet aws_eip aws_lb_listener aws_ecs_service");
    }

    #[test]
    fn network_interfaces_keep_subnets_after_their_load_balancer() {
        let program = "s1   delete  aws_lb.main\ns2   delete  aws_subnet.a    after s1.ready\n\
            s3   delete  aws_vpc.main    after s2.ready\ns4   delete  aws_route.a with aws_vpc.main    after s3.ready\n";
        check(program, Until::Ready, 120, "aws_lb aws_subnet aws_vpc aws_route");
    }

    #[test]
    fn what_is_no_program_is_refused() {
        assert!(Bound::of("s1 create", Slow::default(), Until::Ready).is_err());
        assert_eq!(Bound::of("", Slow::default(), Until::Ready).expect("nothing").duration, Duration::ZERO);
    }
}

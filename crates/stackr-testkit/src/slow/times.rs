//! How long AWS takes, as published. Where a range is published this is a time within it, and the source has the range.

use std::time::Duration;

/// What one type costs in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// The provider's type string.
    pub ty: &'static str,
    /// From the answer to its create until it can be used.
    pub create: Duration,
    /// From there, or from a change that deploys, until nothing of it moves any more.
    pub steady: Duration,
    /// From the answer to its delete until it is gone.
    pub delete: Duration,
    /// From when it is gone until what it used can be deleted.
    pub release: Duration,
    /// Where the times are from.
    pub source: &'static str,
}

const fn time(ty: &'static str, source: &'static str) -> Time {
    let none = Duration::ZERO;
    Time { ty, create: none, steady: none, delete: none, release: none, source }
}

impl Time {
    const fn create(self, seconds: u64) -> Self {
        Self { create: Duration::from_secs(seconds), ..self }
    }

    const fn steady(self, seconds: u64) -> Self {
        Self { steady: Duration::from_secs(seconds), ..self }
    }

    const fn delete(self, seconds: u64) -> Self {
        Self { delete: Duration::from_secs(seconds), ..self }
    }

    const fn release(self, seconds: u64) -> Self {
        Self { release: Duration::from_secs(seconds), ..self }
    }

    /// The times of a type. A type that is not listed is there, and gone, with the answer.
    #[must_use]
    pub fn of(ty: &str) -> Self {
        TIMES.iter().find(|time| time.ty == ty).copied().unwrap_or(time("", "synchronous"))
    }

    /// All that are not over with the answer.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &TIMES
    }
}

/// How long a change of Route 53 is on its way to all name servers: 10 to 60 s, "typically within 60 seconds"
/// (Route 53 Developer Guide, `ChangeResourceRecordSets`).
pub(crate) const INSYNC: Duration = Duration::from_secs(35);

static TIMES: [Time; 9] = [
    time("aws_vpc", "1 to 5 s `pending` (EC2, DescribeVpcs)").create(3),
    time("aws_subnet", "seconds `pending` (EC2, DescribeSubnets)").create(2),
    time(
        "aws_nat_gateway",
        "create 103 to 115 s (cdkd's benchmark notes); delete about 1 min, 1 to 5 min (AWS provider's waits)",
    )
    .create(109)
    .delete(60),
    time(
        "aws_lb",
        "active after 90 to 180 s, 156 s measured (cdkd's benchmark notes); its network interfaces go minutes after \
         it (AWS provider, elbv2/load_balancer.go waits for them)",
    )
    .create(156)
    .release(120),
    time(
        "aws_acm_certificate",
        "validation records are assigned a few seconds after the request (AWS provider, acm/certificate.go polls)",
    )
    .create(5),
    time(
        "aws_acm_certificate_validation",
        "issued minutes after the record is there, 1 to 10 min as a rule (AWS provider waits up to 75 min)",
    )
    .create(180),
    time(
        "aws_ecs_service",
        "steady after about 65 s (cdkd's benchmark notes); drains for the deregistration delay, 30 s in the reference \
         system, and the stop timeout of containers, 30 s (ECS Developer Guide)",
    )
    .steady(65)
    .delete(60),
    time(
        "aws_service_discovery_private_dns_namespace",
        "the operation takes 10 to 60 s, it makes or removes a private zone (Cloud Map, GetOperation)",
    )
    .create(35)
    .delete(35),
    time("aws_vpc_endpoint", "1 to 5 min for an interface (AWS provider's waits: 10 min)")
        .create(120)
        .delete(120),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_that_is_not_listed_takes_no_time() {
        assert_eq!(Time::of("aws_eip").create, Duration::ZERO);
        assert_eq!(Time::of("aws_nat_gateway").create, Duration::from_secs(109));
    }

    #[test]
    fn every_time_has_a_source() {
        assert!(Time::all().iter().all(|time| !time.source.is_empty()));
    }
}

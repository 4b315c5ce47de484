//! What the lookups of this service share: filters, and the one object that they must find.

use std::fmt::Write as _;

use aws_sdk_ec2::types::Filter;
use stackr_core::{Block, CloudError, ErrorKind, Result, Set, Tags};

use super::filter;

/// A filter of the `Describe…` call.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct LookupFilter {
    /// The filter's name as the EC2 API writes it: `tag:Name`, `vpc-id`.
    pub name: String,
    /// The values that fit; `*` and `?` stand for any text and any character.
    #[arg(required)]
    pub values: Set<String>,
}

/// What a lookup asks for.
pub(super) struct Asked(Vec<Filter>);

impl Asked {
    /// Objects that carry these tags and fit these filters.
    pub(super) fn new(tags: &Tags, filters: &Set<LookupFilter>) -> Self {
        let tags = tags.iter().map(|(key, value)| filter(&format!("tag:{key}"), [value]));
        let filters = filters.iter().map(|asked| filter(&asked.name, asked.values.iter()));
        Self(tags.chain(filters).collect())
    }

    /// And whose `name` is this value, where one is asked for.
    pub(super) fn and(mut self, name: &str, value: Option<&str>) -> Self {
        self.0.extend(value.map(|value| filter(name, [value])));
        self
    }

    /// And that have this property, where it is asked for.
    pub(super) fn and_is(self, name: &str, value: Option<bool>) -> Self {
        self.and(name, value.map(|on| if on { "true" } else { "false" }))
    }

    /// As the parameter of a call; none if everything is asked for, since an empty list is refused.
    pub(super) fn filters(&self) -> Option<Vec<Filter>> {
        (!self.0.is_empty()).then(|| self.0.clone())
    }

    /// The one object that was found.
    ///
    /// # Errors
    /// None or several were found: the message tells what was asked.
    pub(super) fn one<T>(&self, mut found: Vec<T>, operation: &str, what: &str) -> Result<T> {
        match (found.pop(), found.len()) {
            (Some(one), 0) => Ok(one),
            (None, _) => Err(self.refuse(operation, format!("no {what} fits"))),
            (Some(_), rest) => {
                Err(self.refuse(operation, format!("{} {what}s fit where one is meant:", rest + 1)))
            }
        }
    }

    fn refuse(&self, operation: &str, what: String) -> CloudError {
        let mut message = what;
        for (i, asked) in self.0.iter().enumerate() {
            let and = if i == 0 { "" } else { " and" };
            let values = asked.values().join(" or ");
            // Writing to a string cannot fail.
            let _ = write!(message, "{and} {} = {values}", asked.name().unwrap_or_default());
        }
        if self.0.is_empty() {
            message.push_str(" (nothing narrower was asked for)");
        }
        CloudError::new(ErrorKind::Invalid, format!("ec2:{operation}"), message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Asked {
        let tags = Tags::from([("Name".to_owned(), "a".to_owned())]);
        Asked::new(&tags, &Set::default()).and("vpc-id", Some("vpc-1")).and("state", None)
    }

    #[test]
    fn only_what_is_asked_for_becomes_a_filter() {
        let filters = asked().and_is("default-for-az", Some(true)).filters().unwrap();
        let names: Vec<_> = filters.iter().filter_map(Filter::name).collect();
        assert_eq!(names, ["tag:Name", "vpc-id", "default-for-az"]);
        assert_eq!(Asked::new(&Tags::new(), &Set::default()).filters(), None);
    }

    #[test]
    fn none_and_several_are_refused_with_what_was_asked() {
        let check = |found: Vec<u8>, expect: &str| {
            let error = asked().one(found, "DescribeSubnets", "subnet").unwrap_err();
            assert_eq!((error.kind(), error.message()), (ErrorKind::Invalid, expect));
        };
        check(vec![], "no subnet fits tag:Name = a and vpc-id = vpc-1");
        check(vec![1, 2], "2 subnets fit where one is meant: tag:Name = a and vpc-id = vpc-1");
        assert_eq!(asked().one(vec![7], "DescribeSubnets", "subnet").unwrap(), 7);
    }
}

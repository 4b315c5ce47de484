//! Tags: which of an object's tags are ours to compare, and what to change.

use stackr_core::Tags;

/// The prefix of the ownership tags that the engine sets and finds by.
const OWN: &str = "stackr:";

/// The user's tags: AWS's own (`aws:…`, any case) and stackr's are left out.
pub(crate) fn users<K: Into<String>, V: Into<String>>(tags: impl IntoIterator<Item = (K, V)>) -> Tags {
    let tags = tags.into_iter().map(|(k, v)| (k.into(), v.into()));
    tags.filter(|(k, _)| !k.to_lowercase().starts_with("aws:") && !k.starts_with(OWN)).collect()
}

/// What makes `seen` into `want`: the tags to set and the keys to remove. Ownership tags are never touched.
pub(crate) struct Change {
    /// New or changed.
    pub(crate) set: Tags,
    /// Keys that are no longer wanted.
    pub(crate) remove: Vec<String>,
}

/// Compares tags.
pub(crate) fn change(seen: &Tags, want: &Tags) -> Change {
    let set = want.iter().filter(|(k, v)| seen.get(*k) != Some(*v));
    let remove = seen.keys().filter(|k| !want.contains_key(*k) && !k.starts_with(OWN));
    Change { set: set.map(|(k, v)| (k.clone(), v.clone())).collect(), remove: remove.cloned().collect() }
}

/// The tag that marks an object as made for one uid.
pub(crate) const UID: &str = "stackr:uid";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_and_aws_tags_are_not_the_users() {
        let tags = users([("Name", "a"), ("aws:cloudformation:x", "b"), ("AWS:y", "c"), (UID, "d")]);
        assert_eq!(tags, Tags::from([("Name".into(), "a".into())]));
    }

    #[test]
    fn only_what_differs_is_set_and_only_what_is_gone_removed() {
        let seen = Tags::from([("a".into(), "1".into()), ("b".into(), "1".into()), ("c".into(), "1".into())]);
        let want = Tags::from([("a".into(), "1".into()), ("b".into(), "2".into()), ("d".into(), "1".into())]);
        let change = change(&seen, &want);
        assert_eq!(change.set, Tags::from([("b".into(), "2".into()), ("d".into(), "1".into())]));
        assert_eq!(change.remove, ["c"]);
    }
}

//! Lifecycle of a bucket's objects: when they move to cheaper storage and when they are deleted.
//!
//! Facts about the API that shape this file:
//! - a put replaces all rules;
//! - a rule without a filter comes back with an empty prefix;
//! - a filter holds one condition; several stand in an `and`;
//! - dates are midnight UTC.

use aws_sdk_s3::{
    primitives::{DateTime, DateTimeFormat},
    types::{
        AbortIncompleteMultipartUpload as Abort, BucketLifecycleConfiguration as Configuration,
        ExpirationStatus, LifecycleExpiration as Expire, LifecycleRule as Rule,
        LifecycleRuleAndOperator as And, LifecycleRuleFilter as Filter,
        NoncurrentVersionExpiration as ExpireOld, NoncurrentVersionTransition as MoveOld, Tag,
        Transition as Move, TransitionDefaultMinimumObjectSize, TransitionStorageClass,
    },
};
use stackr_core::{
    Args, Block, CloudError, Create, Created, Delete, ErrorKind, Find, Id, Outputs, Resource, Result, Seen,
    Set, Status, Tags, Update, Waits,
};

use super::{S3, built, each, exists, unless_missing};

/// The lifecycle of a bucket's objects.
pub struct BucketLifecycleConfiguration;

/// Lifecycle of a bucket's objects: when they move to cheaper storage and when they are deleted.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct BucketLifecycleConfigurationArgs {
    /// The bucket.
    #[arg(replace)]
    pub bucket: String,
    /// Size below which objects do not move: `all_storage_classes_128K` or `varies_by_storage_class`.
    #[arg(computed)]
    pub transition_default_minimum_object_size: Option<String>,
    /// The rules: at most 1000.
    #[arg(block)]
    pub rule: Vec<LifecycleRule>,
}

/// What happens to some objects.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct LifecycleRule {
    /// Its name in the bucket.
    pub id: String,
    /// `Enabled` or `Disabled`.
    pub status: String,
    /// Begin of the names it is for; a `filter` says it today.
    #[arg(computed)]
    pub prefix: Option<String>,
    /// The objects it is for; all if absent or empty.
    #[arg(block, computed)]
    pub filter: Option<LifecycleFilter>,
    /// When objects are deleted.
    #[arg(block)]
    pub expiration: Option<LifecycleExpiration>,
    /// When objects move.
    #[arg(block)]
    pub transition: Set<LifecycleTransition>,
    /// When old versions are deleted.
    #[arg(block)]
    pub noncurrent_version_expiration: Option<NoncurrentVersionExpiration>,
    /// When old versions move.
    #[arg(block)]
    pub noncurrent_version_transition: Set<NoncurrentVersionTransition>,
    /// When uploads that were not finished are given up.
    #[arg(block)]
    pub abort_incomplete_multipart_upload: Option<AbortIncompleteMultipartUpload>,
}

/// The objects that a rule is for: one condition, or several in `and`.
#[derive(Clone, Debug, Default, PartialEq, Block)]
pub struct LifecycleFilter {
    /// Begin of their names.
    #[arg(default = "")]
    pub prefix: String,
    /// Bytes that they have more than.
    pub object_size_greater_than: Option<i64>,
    /// Bytes that they have less than.
    pub object_size_less_than: Option<i64>,
    /// A tag that they have.
    #[arg(block)]
    pub tag: Option<LifecycleTag>,
    /// Several conditions.
    #[arg(block)]
    pub and: Option<LifecycleAnd>,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct LifecycleTag {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// Several conditions.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct LifecycleAnd {
    /// Begin of their names.
    #[arg(default = "")]
    pub prefix: String,
    /// Bytes that they have more than.
    pub object_size_greater_than: Option<i64>,
    /// Bytes that they have less than.
    pub object_size_less_than: Option<i64>,
    /// Tags that they have.
    pub tags: Tags,
}

/// When objects are deleted: one of these.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct LifecycleExpiration {
    /// Days after their creation.
    pub days: Option<i64>,
    /// On this day: `2030-01-01T00:00:00Z`.
    pub date: Option<String>,
    /// Whether delete markers without versions are removed.
    #[arg(default = false)]
    pub expired_object_delete_marker: bool,
}

/// When objects move, and where.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct LifecycleTransition {
    /// Days after their creation.
    pub days: Option<i64>,
    /// On this day: `2030-01-01T00:00:00Z`.
    pub date: Option<String>,
    /// `STANDARD_IA`, `ONEZONE_IA`, `INTELLIGENT_TIERING`, `GLACIER_IR`, `GLACIER` or `DEEP_ARCHIVE`.
    pub storage_class: String,
}

/// When old versions are deleted.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct NoncurrentVersionExpiration {
    /// Days after they became old.
    pub noncurrent_days: i64,
    /// How many old versions are kept all the same.
    pub newer_noncurrent_versions: Option<i64>,
}

/// When old versions move, and where.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct NoncurrentVersionTransition {
    /// Days after they became old.
    pub noncurrent_days: i64,
    /// How many old versions stay all the same.
    pub newer_noncurrent_versions: Option<i64>,
    /// `STANDARD_IA`, `ONEZONE_IA`, `INTELLIGENT_TIERING`, `GLACIER_IR`, `GLACIER` or `DEEP_ARCHIVE`.
    pub storage_class: String,
}

/// When uploads that were not finished are given up.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct AbortIncompleteMultipartUpload {
    /// Days after their begin.
    pub days_after_initiation: Option<i64>,
}

/// What the lifecycle of a bucket gives.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct BucketLifecycleConfigurationOutputs {
    /// The bucket.
    pub id: String,
}

impl Resource for BucketLifecycleConfiguration {
    const TYPE: &'static str = "aws_s3_bucket_lifecycle_configuration";
    const WAITS: Waits = Waits::INSTANT;
    const WITHIN: &'static [&'static str] = &["bucket"];
    type Cloud = S3;
    type Args = BucketLifecycleConfigurationArgs;
    type Outputs = BucketLifecycleConfigurationOutputs;

    async fn create(s3: &S3, req: Create<'_, BucketLifecycleConfigurationArgs>) -> Result<Created<Self>> {
        let args = req.args;
        match unless_missing(read_one(s3, &args.bucket).await)? {
            Some(there) if same(&there.args.rule, &args.rule)? => {}
            Some(_) => {
                let what = format!("a lifecycle of bucket {}", args.bucket);
                return Err(exists("PutBucketLifecycleConfiguration", &what));
            }
            None => put(s3, args).await?,
        }
        Ok(Created::id(&args.bucket))
    }

    async fn read(s3: &S3, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        each(ids, |bucket| read_one(s3, bucket)).await
    }

    async fn update(s3: &S3, req: Update<'_, Self>) -> Result<()> {
        put(s3, req.want).await
    }

    async fn delete(s3: &S3, req: Delete<'_, Self>) -> Result<()> {
        let delete = s3.client.delete_bucket_lifecycle().bucket(req.id);
        s3.call("DeleteBucketLifecycle", delete.send()).await?;
        Ok(())
    }

    /// Rules carry no mark of who made them: what is exactly as we wanted it is what we made.
    async fn find(s3: &S3, req: Find<'_, BucketLifecycleConfigurationArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let Some(there) = unless_missing(read_one(s3, &args.bucket).await)? else { return Ok(None) };
        Ok(same(&there.args.rule, &args.rule)?.then_some(there.outputs.id))
    }
}

async fn read_one(s3: &S3, bucket: &str) -> Result<Seen<BucketLifecycleConfiguration>> {
    let get = s3.client.get_bucket_lifecycle_configuration().bucket(bucket);
    let found = s3.call("GetBucketLifecycleConfiguration", get.send()).await?;
    let size = found.transition_default_minimum_object_size.map(|s| s.as_str().to_owned());
    Ok(seen(bucket, size, &found.rules.unwrap_or_default()))
}

async fn put(s3: &S3, want: &BucketLifecycleConfigurationArgs) -> Result<()> {
    let rules = want.rule.iter().map(request).collect::<Result<Vec<_>>>()?;
    let config = built(Configuration::builder().set_rules(Some(rules)).build())?;
    let size = want.transition_default_minimum_object_size.as_deref();
    let put = s3.client.put_bucket_lifecycle_configuration().bucket(&want.bucket);
    let put =
        put.set_transition_default_minimum_object_size(size.map(TransitionDefaultMinimumObjectSize::from));
    s3.call("PutBucketLifecycleConfiguration", put.lifecycle_configuration(config).send()).await?;
    Ok(())
}

/// Whether rules that are there say what is wanted.
fn same(there: &[LifecycleRule], want: &[LifecycleRule]) -> Result<bool> {
    let sent = |rules: &[LifecycleRule]| rules.iter().map(request).collect::<Result<Vec<_>>>();
    Ok(sent(there)? == sent(want)?)
}

/// A number as AWS takes it.
fn number(value: Option<i64>) -> Option<i32> {
    value.and_then(|n| i32::try_from(n).ok())
}

fn date(text: Option<&String>) -> Result<Option<DateTime>> {
    let parse = |text: &String| {
        DateTime::from_str(text, DateTimeFormat::DateTime).map_err(|_| {
            let message = format!("`{text}` is not a date such as 2030-01-01T00:00:00Z");
            CloudError::new(ErrorKind::Invalid, "s3:PutBucketLifecycleConfiguration", message)
        })
    };
    text.map(parse).transpose()
}

fn tag(key: &str, value: &str) -> Result<Tag> {
    built(Tag::builder().key(key).value(value).build())
}

fn filter(want: &LifecycleFilter) -> Result<Filter> {
    let and = want.and.as_ref().map(|and| {
        let tags = and.tags.iter().map(|(k, v)| tag(k, v)).collect::<Result<Vec<_>>>()?;
        let conditions = And::builder()
            .set_prefix((!and.prefix.is_empty()).then(|| and.prefix.clone()))
            .set_tags((!tags.is_empty()).then_some(tags))
            .set_object_size_greater_than(and.object_size_greater_than)
            .set_object_size_less_than(and.object_size_less_than);
        Ok(conditions.build())
    });
    let other = want.and.is_some()
        || want.tag.is_some()
        || want.object_size_greater_than.is_some()
        || want.object_size_less_than.is_some();
    // An empty filter is an empty prefix; beside another condition it would be a second one.
    let prefix = (!other || !want.prefix.is_empty()).then(|| want.prefix.clone());
    Ok(Filter::builder()
        .set_prefix(prefix)
        .set_tag(want.tag.as_ref().map(|t| tag(&t.key, &t.value)).transpose()?)
        .set_object_size_greater_than(want.object_size_greater_than)
        .set_object_size_less_than(want.object_size_less_than)
        .set_and(and.transpose()?)
        .build())
}

/// A rule as AWS takes it.
fn request(want: &LifecycleRule) -> Result<Rule> {
    let prefix = want.prefix.clone().filter(|p| want.filter.is_none() && !p.is_empty());
    let filter = match (&want.filter, &prefix) {
        (Some(wanted), _) => Some(filter(wanted)?),
        (None, None) => Some(filter(&LifecycleFilter::default())?),
        (None, Some(_)) => None,
    };
    let expiration = want.expiration.as_ref().map(|e| {
        let marker = e.expired_object_delete_marker.then_some(true);
        let expire = Expire::builder().set_days(number(e.days)).set_expired_object_delete_marker(marker);
        Ok::<_, CloudError>(expire.set_date(date(e.date.as_ref())?).build())
    });
    let moves = want.transition.iter().map(|t| {
        let class = TransitionStorageClass::from(t.storage_class.as_str());
        let to = Move::builder().storage_class(class).set_days(number(t.days));
        Ok::<_, CloudError>(to.set_date(date(t.date.as_ref())?).build())
    });
    let moves = moves.collect::<Result<Vec<_>>>()?;
    let old_moves = want.noncurrent_version_transition.iter().map(|t| {
        MoveOld::builder()
            .storage_class(TransitionStorageClass::from(t.storage_class.as_str()))
            .set_noncurrent_days(number(Some(t.noncurrent_days)))
            .set_newer_noncurrent_versions(number(t.newer_noncurrent_versions))
            .build()
    });
    let old_moves: Vec<_> = old_moves.collect();
    let old_expiration = want.noncurrent_version_expiration.as_ref().map(|e| {
        ExpireOld::builder()
            .set_noncurrent_days(number(Some(e.noncurrent_days)))
            .set_newer_noncurrent_versions(number(e.newer_noncurrent_versions))
            .build()
    });
    let abort = want.abort_incomplete_multipart_upload.as_ref();
    let abort =
        abort.map(|a| Abort::builder().set_days_after_initiation(number(a.days_after_initiation)).build());
    let rule = Rule::builder()
        .id(&want.id)
        .status(ExpirationStatus::from(want.status.as_str()))
        .set_filter(filter)
        .set_expiration(expiration.transpose()?)
        .set_transitions((!moves.is_empty()).then_some(moves))
        .set_noncurrent_version_expiration(old_expiration)
        .set_noncurrent_version_transitions((!old_moves.is_empty()).then_some(old_moves))
        .set_abort_incomplete_multipart_upload(abort);
    built(with_prefix(rule, prefix).build())
}

#[expect(deprecated, reason = "the provider still takes it")]
fn with_prefix(
    rule: aws_sdk_s3::types::builders::LifecycleRuleBuilder,
    prefix: Option<String>,
) -> aws_sdk_s3::types::builders::LifecycleRuleBuilder {
    rule.set_prefix(prefix)
}

#[expect(deprecated, reason = "the provider still gives it")]
fn prefix_of(rule: &Rule) -> Option<String> {
    rule.prefix().map(str::to_owned)
}

/// A rule in our words.
fn report(rule: &Rule) -> LifecycleRule {
    let day = |date: Option<&DateTime>| date.and_then(|d| d.fmt(DateTimeFormat::DateTime).ok());
    let days = |days: Option<i32>| days.map(i64::from);
    LifecycleRule {
        id: rule.id().unwrap_or_default().to_owned(),
        status: rule.status().as_str().to_owned(),
        prefix: prefix_of(rule),
        filter: rule.filter().map(|f| LifecycleFilter {
            prefix: f.prefix().unwrap_or_default().to_owned(),
            object_size_greater_than: f.object_size_greater_than(),
            object_size_less_than: f.object_size_less_than(),
            tag: f.tag().map(|t| LifecycleTag { key: t.key().to_owned(), value: t.value().to_owned() }),
            and: f.and().map(|and| LifecycleAnd {
                prefix: and.prefix().unwrap_or_default().to_owned(),
                object_size_greater_than: and.object_size_greater_than(),
                object_size_less_than: and.object_size_less_than(),
                tags: and.tags().iter().map(|t| (t.key().to_owned(), t.value().to_owned())).collect(),
            }),
        }),
        expiration: rule.expiration().map(|e| LifecycleExpiration {
            days: days(e.days()).filter(|d| *d != 0),
            date: day(e.date()),
            expired_object_delete_marker: e.expired_object_delete_marker() == Some(true),
        }),
        transition: rule
            .transitions()
            .iter()
            .map(|t| LifecycleTransition {
                days: days(t.days()),
                date: day(t.date()),
                storage_class: t.storage_class().map(|c| c.as_str().to_owned()).unwrap_or_default(),
            })
            .collect(),
        noncurrent_version_expiration: rule.noncurrent_version_expiration().map(|e| {
            NoncurrentVersionExpiration {
                noncurrent_days: days(e.noncurrent_days()).unwrap_or_default(),
                newer_noncurrent_versions: days(e.newer_noncurrent_versions()).filter(|n| *n != 0),
            }
        }),
        noncurrent_version_transition: rule
            .noncurrent_version_transitions()
            .iter()
            .map(|t| NoncurrentVersionTransition {
                noncurrent_days: days(t.noncurrent_days()).unwrap_or_default(),
                newer_noncurrent_versions: days(t.newer_noncurrent_versions()).filter(|n| *n != 0),
                storage_class: t.storage_class().map(|c| c.as_str().to_owned()).unwrap_or_default(),
            })
            .collect(),
        abort_incomplete_multipart_upload: rule.abort_incomplete_multipart_upload().map(|a| {
            AbortIncompleteMultipartUpload { days_after_initiation: days(a.days_after_initiation()) }
        }),
    }
}

/// What AWS says about one bucket's lifecycle, in our words.
fn seen(bucket: &str, size: Option<String>, rules: &[Rule]) -> Seen<BucketLifecycleConfiguration> {
    Seen {
        status: Status::Ready,
        args: BucketLifecycleConfigurationArgs {
            bucket: bucket.to_owned(),
            transition_default_minimum_object_size: size,
            rule: rules.iter().map(report).collect(),
        },
        outputs: BucketLifecycleConfigurationOutputs { id: bucket.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use stackr_core::Value;

    use super::*;

    fn rule(more: Vec<(&str, Value)>) -> LifecycleRule {
        let base = [("id", Value::from("a")), ("status", "Enabled".into())];
        LifecycleRule::from_object(&Value::object(base.into_iter().chain(more))).unwrap()
    }

    fn block(fields: Vec<(&str, Value)>) -> Value {
        Value::List(vec![Value::object(fields)])
    }

    #[test]
    fn a_rule_survives_the_way_to_aws_and_back() {
        let and = block(vec![("prefix", "a/".into()), ("tags", Value::map([("k", "v".into())]))]);
        let filter = block(vec![("and", and)]);
        let class = ("storage_class", Value::from("GLACIER"));
        let day = ("date", Value::from("2030-01-01T00:00:00Z"));
        let rule = rule(vec![
            ("filter", filter),
            ("expiration", block(vec![("days", Value::from(90))])),
            ("transition", Value::set([Value::object([day, class.clone()])])),
            ("noncurrent_version_expiration", block(vec![("noncurrent_days", Value::from(7))])),
            (
                "noncurrent_version_transition",
                Value::set([Value::object([("noncurrent_days", Value::from(3)), class])]),
            ),
            ("abort_incomplete_multipart_upload", block(vec![("days_after_initiation", Value::from(1))])),
        ]);
        assert_eq!(report(&request(&rule).unwrap()), rule);
    }

    #[test]
    fn no_filter_and_an_empty_filter_are_an_empty_prefix() {
        for rule in [rule(vec![]), rule(vec![("filter", block(vec![]))])] {
            let sent = request(&rule).unwrap();
            assert_eq!(sent.filter().and_then(|f| f.prefix()), Some(""));
            assert_eq!(report(&sent).filter, Some(LifecycleFilter::default()));
        }
    }

    #[test]
    fn a_filter_holds_one_condition() {
        let size = rule(vec![("filter", block(vec![("object_size_greater_than", Value::from(5))]))]);
        assert_eq!(request(&size).unwrap().filter().and_then(|f| f.prefix()), None);
    }

    #[test]
    fn a_date_that_is_none_is_refused() {
        let rule = rule(vec![("expiration", block(vec![("date", "tomorrow".into())]))]);
        assert_eq!(request(&rule).unwrap_err().kind(), ErrorKind::Invalid);
    }
}

//! CloudWatch log group: where containers, functions and flow logs write.
//!
//! Facts about the API that shape this file:
//! - producers make a group by themselves when they find none, without tags and retention: "exists already"
//!   may be such a ghost, and one may come back after a delete while a producer runs;
//! - retention is a call of its own; none means for ever;
//! - a describe takes up to 50 names and leaves out what is missing; the ARN it gives ends in `:*`, which the
//!   tag calls refuse.

use std::collections::HashMap;

use aws_sdk_cloudwatchlogs::types::{LogGroup as Described, LogGroupClass};
use futures::future::try_join_all;
use stackr_core::{
    Args, Create, Created, Delete, ErrorKind, Find, Id, Known, Outputs, Resource, Result, Seen, Status, Tags,
    Update, Waits, need,
};

use super::Logs;
use crate::{service::in_order, tagging::confirmed_or, tags};

/// A CloudWatch log group.
pub struct LogGroup;

/// A CloudWatch log group: where containers, functions and flow logs write.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct LogGroupArgs {
    /// Its name; made up if absent.
    #[arg(replace, computed)]
    pub name: Option<String>,
    /// What a made-up name begins with.
    #[arg(replace, computed, unread)]
    pub name_prefix: Option<String>,
    /// How many days events are kept (1, 3, 5, 7, 14, 30, 60, 90, … 3653); 0: for ever.
    #[arg(default = 0)]
    pub retention_in_days: i32,
    /// ARN of the KMS key that encrypts new events.
    pub kms_key_id: Option<String>,
    /// `STANDARD`, `INFREQUENT_ACCESS` or `DELIVERY`.
    #[arg(replace, computed)]
    pub log_group_class: Option<String>,
    /// Keep the group and its events when it is removed from the stack.
    #[arg(local, default = false)]
    pub skip_destroy: bool,
    /// Tags.
    pub tags: Tags,
}

/// What AWS gives a log group.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct LogGroupOutputs {
    /// Its name.
    pub id: String,
    /// Its ARN, without `:*`.
    pub arn: String,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

impl Resource for LogGroup {
    const TYPE: &'static str = "aws_cloudwatch_log_group";
    const WAITS: Waits = Waits::INSTANT;
    const PROMPT: bool = true;
    type Cloud = Logs;
    type Args = LogGroupArgs;
    type Outputs = LogGroupOutputs;

    async fn create(logs: &Logs, req: Create<'_, LogGroupArgs>) -> Result<Created<Self>> {
        let name = name(req.args, req.token);
        let create = logs
            .client
            .create_log_group()
            .log_group_name(&name)
            .set_kms_key_id(req.args.kms_key_id.clone())
            .set_log_group_class(req.args.log_group_class.as_deref().map(LogGroupClass::from))
            .set_tags(write_tags(&req.args.tags));
        logs.call("CreateLogGroup", create.send()).await?;
        // The answer is empty, and AWS decides nothing (an account's own retention is put right by the next plan); but
        // an ARN needs the account.
        if logs.origin.account.is_empty() {
            return Ok(Created::id(name));
        }
        let made = Described::builder()
            .arn(logs.arn("logs", &format!("log-group:{name}")))
            .log_group_name(&name)
            .set_kms_key_id(req.args.kms_key_id.clone())
            .set_log_group_class(req.args.log_group_class.as_deref().map(LogGroupClass::from));
        let seen = seen(&made.build(), tags::users(req.args.tags.clone()))?;
        Ok(Created::seen(name, seen))
    }

    async fn read(logs: &Logs, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        Self::refresh(logs, &Known::unrecorded(ids)).await
    }

    async fn refresh(logs: &Logs, known: &[Known<'_>]) -> Result<Vec<Option<Seen<Self>>>> {
        let ids = Known::ids(known);
        let (found, tagged) = futures::join!(describe(logs, &ids), logs.still_tagged(known));
        let found = found?;
        let found = try_join_all(found.iter().map(|group| async {
            let arn = arn(group)?;
            let tags = confirmed_or(&tagged, &arn, tags_of(logs, &arn)).await?;
            Ok((need(group.log_group_name(), "logGroupName")?, seen(group, tags)?))
        }));
        Ok(in_order(&ids, found.await?))
    }

    async fn update(logs: &Logs, req: Update<'_, Self>) -> Result<()> {
        let (want, client, group) = (req.want, &logs.client, req.id);
        if req.changes(&["retention_in_days"]) {
            if want.retention_in_days == 0 {
                let delete = client.delete_retention_policy().log_group_name(group);
                logs.call("DeleteRetentionPolicy", delete.send()).await?;
            } else {
                let put = client.put_retention_policy().log_group_name(group);
                let put = put.retention_in_days(want.retention_in_days);
                logs.call("PutRetentionPolicy", put.send()).await?;
            }
        }
        if req.changes(&["kms_key_id"]) {
            if let Some(key) = &want.kms_key_id {
                let associate = client.associate_kms_key().log_group_name(group).kms_key_id(key);
                logs.call("AssociateKmsKey", associate.send()).await?;
            } else {
                let disassociate = client.disassociate_kms_key().log_group_name(group);
                logs.call("DisassociateKmsKey", disassociate.send()).await?;
            }
        }
        let tags::Change { set, remove } = tags::change(&req.seen.args.tags, &want.tags);
        let arn = &req.seen.outputs.arn;
        if !remove.is_empty() {
            let untag = client.untag_resource().resource_arn(arn).set_tag_keys(Some(remove));
            logs.call("UntagResource", untag.send()).await?;
        }
        if !set.is_empty() {
            let tag = client.tag_resource().resource_arn(arn).set_tags(write_tags(&set));
            logs.call("TagResource", tag.send()).await?;
        }
        Ok(())
    }

    async fn delete(logs: &Logs, req: Delete<'_, Self>) -> Result<()> {
        if req.args.skip_destroy {
            return Ok(());
        }
        let delete = logs.client.delete_log_group().log_group_name(req.id);
        logs.call("DeleteLogGroup", delete.send()).await?;
        Ok(())
    }

    async fn find(logs: &Logs, req: Find<'_, LogGroupArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let name = name(args, req.uid);
        let found = describe(logs, std::slice::from_ref(&name)).await?;
        let Some(group) = found.first() else { return Ok(None) };
        let tags = tags_of(logs, &arn(group)?).await?;
        Ok((tags.get(tags::UID).map(String::as_str) == Some(req.uid)).then_some(name))
    }
}

/// The name that is wanted, or one made of the prefix and the uid.
fn name(args: &LogGroupArgs, uid: &str) -> String {
    let made_up = || {
        let unique: String = uid.chars().take(26).collect();
        format!("{}{unique}", args.name_prefix.as_deref().unwrap_or("stackr-"))
    };
    args.name.clone().unwrap_or_else(made_up)
}

fn write_tags(tags: &Tags) -> Option<HashMap<String, String>> {
    (!tags.is_empty()).then(|| tags.iter().map(|(k, v)| (k.clone(), v.clone())).collect())
}

/// The most names that one describe takes.
const NAMES: usize = 50;

/// These groups; a missing one is left out.
async fn describe(logs: &Logs, names: &[Id]) -> Result<Vec<Described>> {
    let batches = names.chunks(NAMES).map(|batch| async move {
        let request = logs.client.describe_log_groups().set_log_group_identifiers(Some(batch.to_vec()));
        let answer = logs.call("DescribeLogGroups", request.send()).await;
        let mut found = match answer.map(|answer| answer.log_groups.unwrap_or_default()) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            answer => answer?,
        };
        let is = |group: &Described, name: &Id| group.log_group_name() == Some(name);
        found.retain(|group| batch.iter().any(|name| is(group, name)));
        // What a missing name does is not documented, and an emulator takes no names but the first page of all.
        let missing = batch.iter().filter(|name| !found.iter().any(|group| is(group, name))).cloned();
        found.extend(by_prefix(logs, &missing.collect::<Vec<_>>()).await?);
        Ok(found)
    });
    Ok(try_join_all(batches).await?.into_iter().flatten().collect())
}

/// These groups, asked for one by one. Answers are sorted by name, so the name itself comes before longer
/// ones.
async fn by_prefix(logs: &Logs, names: &[Id]) -> Result<Vec<Described>> {
    let asked = names.iter().map(|name| async move {
        let request = logs.client.describe_log_groups().log_group_name_prefix(name).limit(1);
        let answer = logs.call("DescribeLogGroups", request.send()).await?;
        let found = answer.log_groups.unwrap_or_default().into_iter();
        Ok(found.filter(|group| group.log_group_name() == Some(name)).collect::<Vec<_>>())
    });
    Ok(try_join_all(asked).await?.into_iter().flatten().collect())
}

/// The ARN as the tag calls take it.
fn arn(group: &Described) -> Result<String> {
    let arn = need(group.log_group_arn().or(group.arn()), "logGroupArn")?;
    Ok(arn.strip_suffix(":*").map(str::to_owned).unwrap_or(arn))
}

/// All tags of a group; none if it is gone.
async fn tags_of(logs: &Logs, arn: &str) -> Result<HashMap<String, String>> {
    let request = logs.client.list_tags_for_resource().resource_arn(arn);
    match logs.call("ListTagsForResource", request.send()).await {
        Ok(answer) => Ok(answer.tags.unwrap_or_default()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(HashMap::new()),
        Err(error) => Err(error),
    }
}

/// What AWS says about one group, in our words.
fn seen(group: &Described, tags: Tags) -> Result<Seen<LogGroup>> {
    let name = need(group.log_group_name(), "logGroupName")?;
    Ok(Seen {
        status: Status::Ready,
        args: LogGroupArgs {
            name: Some(name.clone()),
            name_prefix: None,
            retention_in_days: group.retention_in_days().unwrap_or_default(),
            kms_key_id: group.kms_key_id().map(str::to_owned),
            log_group_class: Some(
                group.log_group_class().map_or("STANDARD", LogGroupClass::as_str).to_owned(),
            ),
            skip_destroy: false,
            tags: tags.clone(),
        },
        outputs: LogGroupOutputs { id: name, arn: arn(group)?, tags_all: tags },
    })
}

#[cfg(test)]
mod tests {
    use stackr_core::Block as _;

    use super::*;

    fn described() -> Described {
        Described::builder().log_group_name("/a").arn("arn:aws:logs:r:1:log-group:/a:*").build()
    }

    #[test]
    fn no_retention_is_for_ever_and_no_class_is_standard() {
        let args = seen(&described(), Tags::new()).unwrap().args;
        assert_eq!(args.retention_in_days, 0);
        assert_eq!(args.log_group_class.as_deref(), Some("STANDARD"));
    }

    #[test]
    fn the_arn_has_no_star() {
        assert_eq!(arn(&described()).unwrap(), "arn:aws:logs:r:1:log-group:/a");
    }

    #[test]
    fn a_name_is_made_of_prefix_and_uid_and_is_the_same_again() {
        let mut args = seen(&described(), Tags::new()).unwrap().args;
        let uid = "0123456789abcdef0123456789abcdef";
        assert_eq!(name(&args, uid), "/a");
        args.name = None;
        args.name_prefix = Some("/app/".into());
        assert_eq!(name(&args, uid), "/app/0123456789abcdef0123456789");
    }

    #[test]
    fn name_and_class_force_replacement() {
        let replace = LogGroupArgs::fields().iter().filter(|f| f.replace).map(|f| f.name);
        assert_eq!(replace.collect::<Vec<_>>(), ["name", "name_prefix", "log_group_class"]);
    }
}

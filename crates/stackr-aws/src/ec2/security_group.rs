//! Security group: what may come in and go out of what is in it.
//!
//! Facts about the API that shape this file:
//! - AWS gives a new group a rule that lets everything out. A group without `egress` must not have it, whether its
//!   rules are `aws_vpc_security_group_egress_rule`s or there are none, so it is revoked. No argument carries this
//!   (an absent `egress` is not compared), so it belongs to the create: `create` makes the group and revokes the
//!   rule, and until it has returned the object's id is not recorded. A run that died in between asks `find`, which
//!   revokes what is left of it: only rules without a tag, since those that stackr makes carry one. Where `egress` is
//!   written, `update` compares it and the create is one call;
//! - rules written in the group are made by `update`; absent ones are nobody's here;
//! - the name is unique in its VPC, which a repeated create runs into: the group is taken up if it carries our uid;
//! - name and description cannot be changed;
//! - it cannot be deleted while a network interface or a rule of another group uses it.

use aws_sdk_ec2::types::{ResourceType, SecurityGroup as Described, SecurityGroupRule as DescribedRule, Tag};
use stackr_core::{
    Args, CloudError, Create, Created, Delete, ErrorKind, Find, Gone, Id, Outputs, Resource, Result, Seen,
    Set, Status, Tags, Update, Value, Waits, need,
};

use super::{
    Ec2, batches, by_uid, filter,
    firewall::{self, Direction},
    group_rule::GroupRule,
    holders, is_ours, pages, read_tags,
    security_group_rule::revoke_by_id,
    sync_tags, tag_spec, text,
};
use crate::{service::in_order, tags};

/// A security group.
pub struct SecurityGroup;

/// A security group: what may come in and go out of what is in it. Nothing, until rules allow it.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct SecurityGroupArgs {
    /// Its name, unique in its VPC; made up if neither this nor a prefix is given. Not `sg-…`.
    #[arg(replace, computed)]
    pub name: Option<String>,
    /// What its name begins with; the rest is made up, so that two can stand side by side during a replacement.
    #[arg(replace, computed)]
    pub name_prefix: Option<String>,
    /// What it is for.
    #[arg(replace, default = "Managed by Terraform")]
    pub description: String,
    /// Its VPC; the default VPC if absent.
    #[arg(replace, computed)]
    pub vpc_id: Option<String>,
    /// All that may come in. Absent: rules are not managed here, but by `aws_vpc_security_group_ingress_rule`.
    #[arg(computed)]
    pub ingress: Set<GroupRule>,
    /// All that may go out. Absent: rules are not managed here, but by `aws_vpc_security_group_egress_rule`; AWS's own
    /// rule that lets everything out is removed from a new group.
    #[arg(computed)]
    pub egress: Set<GroupRule>,
    /// Whether a delete first revokes all its rules, and those of other groups that refer to it.
    #[arg(local, default = false)]
    pub revoke_rules_on_delete: bool,
    /// Tags.
    pub tags: Tags,
}

/// What AWS gives a security group.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct SecurityGroupOutputs {
    /// The group's id: `sg-…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The account that owns it.
    pub owner_id: String,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

impl Resource for SecurityGroup {
    const TYPE: &'static str = "aws_security_group";
    const WAITS: Waits = Waits::minutes(5, 20).gone(Gone::AtOnce);
    type Cloud = Ec2;
    type Args = SecurityGroupArgs;
    type Outputs = SecurityGroupOutputs;

    fn align(want: &Value, seen: &Value) -> Option<Value> {
        let mut args = want.attributes()?.clone();
        let mut found = false;
        for direction in ["ingress", "egress"] {
            let aligned = firewall::aligned(args.get(direction)?, seen.get(direction)?);
            found |= aligned.is_some();
            args.extend(aligned.map(|rules| (direction.to_owned(), rules)));
        }
        found.then_some(Value::Object(args))
    }

    async fn create(ec2: &Ec2, req: Create<'_, SecurityGroupArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let name = name(args, req.token);
        let create = ec2
            .client
            .create_security_group()
            .group_name(&name)
            .description(&args.description)
            .set_vpc_id(args.vpc_id.clone())
            .set_tag_specifications(tag_spec(ResourceType::SecurityGroup, &args.tags));
        let made = ec2.call("CreateSecurityGroup", create.send()).await;
        let is_new = made.is_ok();
        let id = match made {
            Ok(made) => need(made.group_id(), "GroupId")?,
            Err(error) if error.kind() == ErrorKind::Exists => ours(ec2, &name, req, error).await?,
            Err(error) => return Err(error),
        };
        if args.egress.is_empty() {
            revoke_everything_out(ec2, &id).await?;
        }
        // A new group without rules is what was asked for; a rule, a default VPC and the account are AWS's to tell.
        if !is_new || args.vpc_id.is_none() || !args.egress.is_empty() || ec2.origin.account.is_empty() {
            return Ok(Created::id(id));
        }
        let tags = args.tags.iter().map(|(k, v)| Tag::builder().key(k).value(v).build());
        let made = Described::builder().group_id(&id).group_name(name).description(&args.description);
        let made = made.set_vpc_id(args.vpc_id.clone()).set_tags(Some(tags.collect()));
        Ok(Created::seen(id, seen(&made.build(), ec2)?))
    }

    async fn read(ec2: &Ec2, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        let mut found = Vec::new();
        for batch in batches("group-id", ids) {
            let request = ec2.client.describe_security_groups().filters(batch);
            for group in pages!(ec2, "DescribeSecurityGroups", request, security_groups) {
                found.push((need(group.group_id(), "GroupId")?, seen(&group, ec2)?));
            }
        }
        Ok(in_order(ids, found))
    }

    async fn update(ec2: &Ec2, req: Update<'_, Self>) -> Result<()> {
        let (want, seen) = (req.want, &req.seen.args);
        if req.changes(&["ingress"]) {
            firewall::sync(ec2, req.id, Direction::Ingress, (&seen.ingress, &want.ingress)).await?;
        }
        if req.changes(&["egress"]) {
            firewall::sync(ec2, req.id, Direction::Egress, (&seen.egress, &want.egress)).await?;
        }
        sync_tags(ec2, req.id, &seen.tags, &want.tags).await
    }

    async fn delete(ec2: &Ec2, req: Delete<'_, Self>) -> Result<()> {
        if req.args.revoke_rules_on_delete {
            revoke_all(ec2, req.id).await?;
        }
        ec2.call("DeleteSecurityGroup", ec2.client.delete_security_group().group_id(req.id).send()).await?;
        Ok(())
    }

    async fn find(ec2: &Ec2, req: Find<'_, SecurityGroupArgs>) -> Result<Option<Id>> {
        let request = ec2.client.describe_security_groups().filters(by_uid(req.uid));
        let found = ec2.call("DescribeSecurityGroups", request.send()).await?;
        let Some(id) = found
            .security_groups()
            .iter()
            .find(|found| is_ours(found.tags(), req.uid))
            .and_then(Described::group_id)
        else {
            return Ok(None);
        };
        // The create may have died before it revoked the rule. Where the arguments are not known, revoking is
        // the safe side: a written `egress` is compared, and made again.
        if req.args.is_none_or(|args| args.egress.is_empty()) {
            let left = rules(ec2, [id]).await?;
            let left =
                left.iter().filter(|rule| aws_made(rule)).filter_map(|rule| rule.security_group_rule_id());
            revoke_by_id(ec2, id, Direction::Egress, left.map(str::to_owned).collect()).await?;
        }
        Ok(Some(id.to_owned()))
    }

    async fn holders(ec2: &Ec2, id: &str) -> Result<Vec<String>> {
        holders::of_group(ec2, id).await
    }
}

/// How many characters of a uid make a name unique; as many as the provider's suffix has.
const SUFFIX: usize = 26;

/// The name of a new group.
fn name(args: &SecurityGroupArgs, token: &str) -> String {
    let unique = token.get(..SUFFIX).unwrap_or(token);
    match (&args.name, &args.name_prefix) {
        (Some(name), _) => name.clone(),
        (None, prefix) => format!("{}{unique}", prefix.as_deref().unwrap_or("stackr-")),
    }
}

/// The prefix of a name that was made up.
fn prefix(name: &str) -> Option<String> {
    let (prefix, suffix) = name.split_at_checked(name.len().checked_sub(SUFFIX)?)?;
    (!prefix.is_empty() && suffix.chars().all(|c| c.is_ascii_hexdigit())).then(|| prefix.to_owned())
}

/// The group whose name was taken, if it is the one that this create made in an earlier attempt.
async fn ours(ec2: &Ec2, name: &str, req: Create<'_, SecurityGroupArgs>, taken: CloudError) -> Result<Id> {
    let request = ec2.client.describe_security_groups().filters(filter("group-name", [name]));
    let request = match &req.args.vpc_id {
        Some(vpc) => request.filters(filter("vpc-id", [vpc])),
        None => request,
    };
    let groups = pages!(ec2, "DescribeSecurityGroups", request, security_groups);
    let is_ours = |group: &&Described| {
        group.tags().iter().any(|tag| tag.key() == Some(tags::UID) && tag.value() == Some(req.token))
    };
    match groups.iter().find(is_ours) {
        Some(group) => need(group.group_id(), "GroupId"),
        // The name is taken, and by nobody that can be seen yet.
        None if groups.is_empty() => Err(taken.as_kind(ErrorKind::Propagating)),
        None => Err(taken),
    }
}

/// Revokes the rules that AWS gave a group that was made a moment ago.
async fn revoke_everything_out(ec2: &Ec2, id: &str) -> Result<()> {
    // One after the other: where the second is not there, it would refuse the call.
    for rule in firewall::everything_out() {
        match firewall::revoke(ec2, id, Direction::Egress, vec![rule]).await {
            // The group is not visible yet. (Anything else that is not there is the rule.)
            Err(error) if error.code() == Some("InvalidGroup.NotFound") => {
                return Err(error.as_kind(ErrorKind::Propagating));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            answer => answer?,
        }
    }
    Ok(())
}

/// Whether a rule is one that AWS gave a new group: everything may go out, and nobody marked it.
fn aws_made(rule: &DescribedRule) -> bool {
    let everywhere = rule.cidr_ipv4() == Some("0.0.0.0/0") || rule.cidr_ipv6() == Some("::/0");
    let marked = rule.tags().iter().any(|tag| tag.key() == Some(tags::UID));
    rule.is_egress() == Some(true) && rule.ip_protocol() == Some("-1") && everywhere && !marked
}

/// The single rules of some groups.
async fn rules<'a>(ec2: &Ec2, groups: impl IntoIterator<Item = &'a str>) -> Result<Vec<DescribedRule>> {
    let request = ec2.client.describe_security_group_rules().filters(filter("group-id", groups));
    Ok(pages!(ec2, "DescribeSecurityGroupRules", request, security_group_rules))
}

/// Revokes all rules of a group, and those of other groups that refer to it.
async fn revoke_all(ec2: &Ec2, id: &str) -> Result<()> {
    let mut groups = vec![id.to_owned()];
    for name in ["ip-permission.group-id", "egress.ip-permission.group-id"] {
        let request = ec2.client.describe_security_groups().filters(filter(name, [id]));
        let referring = pages!(ec2, "DescribeSecurityGroups", request, security_groups);
        groups.extend(referring.into_iter().filter_map(|group| group.group_id));
    }
    groups.sort();
    groups.dedup();
    let rules = rules(ec2, groups.iter().map(String::as_str)).await?;
    for group in &groups {
        for direction in [Direction::Ingress, Direction::Egress] {
            let egress = direction == Direction::Egress;
            let of = |rule: &&DescribedRule| {
                let about =
                    group == id || rule.referenced_group_info().and_then(|g| g.group_id()) == Some(id);
                rule.group_id() == Some(group) && rule.is_egress() == Some(egress) && about
            };
            let ids = rules.iter().filter(of).filter_map(|rule| rule.security_group_rule_id());
            revoke_by_id(ec2, group, direction, ids.map(str::to_owned).collect()).await?;
        }
    }
    Ok(())
}

/// What AWS says about one group, in our words.
fn seen(group: &Described, ec2: &Ec2) -> Result<Seen<SecurityGroup>> {
    let id = need(group.group_id(), "GroupId")?;
    let name = need(group.group_name(), "GroupName")?;
    let account = group.owner_id().unwrap_or(&ec2.origin.account).to_owned();
    let tags = read_tags(group.tags());
    Ok(Seen {
        status: Status::Ready,
        args: SecurityGroupArgs {
            name_prefix: prefix(&name),
            name: Some(name),
            description: group.description().unwrap_or_default().to_owned(),
            vpc_id: text(group.vpc_id()),
            ingress: firewall::blocks(group.ip_permissions(), &id, &account),
            egress: firewall::blocks(group.ip_permissions_egress(), &id, &account),
            revoke_rules_on_delete: false,
            tags: tags.clone(),
        },
        outputs: SecurityGroupOutputs {
            arn: ec2.arn("ec2", &format!("security-group/{id}")),
            owner_id: account,
            tags_all: tags,
            id,
        },
    })
}

#[cfg(test)]
mod tests {
    use stackr_core::{Block as _, Value};

    use super::{super::testing::ec2, *};

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn rules_split_into_other_blocks_mean_the_same() {
        let rule = |cidrs: &[&str]| {
            Value::object([
                ("protocol", "tcp".into()),
                ("from_port", Value::from(443)),
                ("to_port", Value::from(443)),
                ("cidr_blocks", Value::set(cidrs.iter().map(|c| Value::from(*c)))),
            ])
        };
        let args =
            |rules: Vec<Value>| Value::object([("ingress", Value::set(rules)), ("egress", Value::Null)]);
        let apart = args(vec![rule(&["10.0.0.0/8"]), rule(&["10.1.0.0/16"])]);
        let together = args(vec![rule(&["10.0.0.0/8", "10.1.0.0/16"])]);
        assert_eq!(SecurityGroup::align(&apart, &together), Some(together.clone()));
        assert_eq!(SecurityGroup::align(&args(vec![rule(&["10.0.0.0/8"])]), &together), None);
    }

    #[test]
    fn a_made_up_name_keeps_its_prefix() {
        let check = |args: &[(&str, &str)], expect: &str, seen_prefix: Option<&str>| {
            let args = args.iter().map(|(k, v)| (*k, Value::from(*v)));
            let args = SecurityGroupArgs::from_object(&Value::object(args)).unwrap();
            let name = name(&args, TOKEN);
            assert_eq!((name.as_str(), prefix(&name).as_deref()), (expect, seen_prefix));
        };
        check(&[("name", "web")], "web", None);
        check(&[("name_prefix", "web-")], "web-0123456789abcdef0123456789", Some("web-"));
        check(&[], "stackr-0123456789abcdef0123456789", Some("stackr-"));
    }

    #[test]
    fn only_awss_own_rule_is_taken_for_left_over() {
        let rule = || DescribedRule::builder().is_egress(true).ip_protocol("-1").cidr_ipv4("0.0.0.0/0");
        let mark = Tag::builder().key(tags::UID).value(TOKEN).build();
        assert!(aws_made(&rule().build()));
        assert!(!aws_made(&rule().tags(mark).build()), "one that stackr made");
        assert!(!aws_made(&rule().cidr_ipv4("10.0.0.0/8").build()));
        assert!(!aws_made(&rule().is_egress(false).build()));
        assert!(!aws_made(&rule().ip_protocol("tcp").build()));
    }

    #[test]
    fn a_group_is_seen_with_its_rules_in_blocks() {
        let group = Described::builder()
            .group_id("sg-1")
            .group_name("web")
            .description("d")
            .vpc_id("vpc-1")
            .ip_permissions_egress(firewall::everything_out()[0].clone())
            .build();
        let seen = seen(&group, &ec2()).unwrap();
        assert_eq!(seen.args.egress[0].cidr_blocks.0, ["0.0.0.0/0".into()]);
        assert!(seen.args.ingress.is_empty());
        assert_eq!(seen.outputs.arn, "arn:aws:ec2:eu-central-1:111122223333:security-group/sg-1");
    }

    #[test]
    fn name_description_and_vpc_force_replacement() {
        let fields = SecurityGroupArgs::fields().iter().filter(|f| f.replace).map(|f| f.name);
        assert_eq!(fields.collect::<Vec<_>>(), ["name", "name_prefix", "description", "vpc_id"]);
    }
}

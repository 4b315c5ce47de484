//! Looks up a security group.

use aws_sdk_ec2::types::SecurityGroup as Described;
use stackr_core::{Args, Lookup, Outputs, Result, Set, Tags, need};

use super::{Ec2, LookupFilter, lookups::Asked, pages, read_tags};

/// A security group that is there already.
pub struct SecurityGroupLookup;

/// A security group that is there already. Exactly one must fit what is given.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct SecurityGroupLookupArgs {
    /// Its id: `sg-…`.
    #[arg(computed)]
    pub id: Option<String>,
    /// Its name; names repeat from VPC to VPC.
    #[arg(computed)]
    pub name: Option<String>,
    /// Its VPC.
    #[arg(computed)]
    pub vpc_id: Option<String>,
    /// Tags that it carries, among others.
    #[arg(computed)]
    pub tags: Tags,
    /// Filters that it fits.
    #[arg(block)]
    pub filter: Set<LookupFilter>,
}

/// The security group.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct SecurityGroupLookupOutputs {
    /// Its id: `sg-…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// Its VPC.
    pub vpc_id: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

impl Lookup for SecurityGroupLookup {
    const TYPE: &'static str = "aws_security_group";
    type Cloud = Ec2;
    type Args = SecurityGroupLookupArgs;
    type Outputs = SecurityGroupLookupOutputs;

    async fn read(ec2: &Ec2, args: &SecurityGroupLookupArgs) -> Result<SecurityGroupLookupOutputs> {
        let asked = Asked::new(&args.tags, &args.filter)
            .and("group-id", args.id.as_deref())
            .and("group-name", args.name.as_deref())
            .and("vpc-id", args.vpc_id.as_deref());
        let request = ec2.client.describe_security_groups().set_filters(asked.filters());
        // The unfiltered call has a smaller allowance unless it asks for pages.
        let request = request.max_results(1000);
        let groups = pages!(ec2, "DescribeSecurityGroups", request, security_groups);
        outputs(&asked.one(groups, "DescribeSecurityGroups", "security group")?, ec2)
    }
}

fn outputs(group: &Described, ec2: &Ec2) -> Result<SecurityGroupLookupOutputs> {
    let id = need(group.group_id(), "GroupId")?;
    Ok(SecurityGroupLookupOutputs {
        arn: ec2.arn("ec2", &format!("security-group/{id}")),
        name: need(group.group_name(), "GroupName")?,
        description: group.description().unwrap_or_default().to_owned(),
        vpc_id: group.vpc_id().map(str::to_owned),
        tags: read_tags(group.tags()),
        id,
    })
}

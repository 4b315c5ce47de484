//! A single rule of a security group about what goes out.
//!
//! Facts about the API that shape this file: see `security_group_rule.rs`, which both directions share.

use stackr_core::{
    Args, Cidr, Create, Created, Delete, Find, Gone, Id, Resource, Result, Seen, Status, Tags, Update, Waits,
};

use super::{
    Ec2, SecurityGroupRuleOutputs,
    firewall::Direction,
    security_group_rule::{self, Found, Rule, convert},
    sync_tags,
};
use crate::service::in_order;

/// A rule that lets something out.
pub struct VpcSecurityGroupEgressRule;

/// A rule of a security group that lets something out. Exactly one destination must be given.
///
/// A group whose `egress` is written in it must not have rules of this type too: each would remove the other's.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct VpcSecurityGroupEgressRuleArgs {
    /// The group it is a rule of.
    #[arg(replace)]
    pub security_group_id: String,
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a protocol number without a name, or `-1` for all.
    pub ip_protocol: String,
    /// First port, or the ICMP type; -1 for all. Absent for all protocols.
    #[arg(computed)]
    pub from_port: Option<i32>,
    /// Last port, or the ICMP code; -1 for all. Absent for all protocols.
    #[arg(computed)]
    pub to_port: Option<i32>,
    /// To an IPv4 network.
    #[arg(lasting)]
    pub cidr_ipv4: Option<Cidr>,
    /// To an IPv6 network.
    #[arg(lasting)]
    pub cidr_ipv6: Option<Cidr>,
    /// To the networks of a managed prefix list.
    #[arg(lasting)]
    pub prefix_list_id: Option<String>,
    /// To what is in another security group, or in the group itself; `account/sg-…` for one of another account.
    #[arg(lasting)]
    pub referenced_security_group_id: Option<String>,
    /// What it is for.
    #[arg(unread)]
    pub description: Option<String>,
    /// Tags.
    pub tags: Tags,
}

convert!(VpcSecurityGroupEgressRule, VpcSecurityGroupEgressRuleArgs);

impl Resource for VpcSecurityGroupEgressRule {
    const TYPE: &'static str = "aws_vpc_security_group_egress_rule";
    const WAITS: Waits = Waits::minutes(5, 5).gone(Gone::AtOnce);
    const WITHIN: &'static [&'static str] = &["security_group_id"];
    type Cloud = Ec2;
    type Args = VpcSecurityGroupEgressRuleArgs;
    type Outputs = SecurityGroupRuleOutputs;

    async fn create(ec2: &Ec2, req: Create<'_, Self::Args>) -> Result<Created<Self>> {
        let made = security_group_rule::authorize(ec2, Direction::Egress, &Rule::from(req.args)).await?;
        Ok(Created::seen(made.outputs.id.clone(), made.into()))
    }

    async fn read(ec2: &Ec2, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        let found = security_group_rule::read(ec2, ids).await?;
        Ok(in_order(ids, found).into_iter().map(|found| found.map(Seen::from)).collect())
    }

    async fn update(ec2: &Ec2, req: Update<'_, Self>) -> Result<()> {
        if req.changes(security_group_rule::MODIFIED) {
            security_group_rule::modify(ec2, req.id, &Rule::from(req.want)).await?;
        }
        sync_tags(ec2, req.id, &req.seen.args.tags, &req.want.tags).await
    }

    async fn delete(ec2: &Ec2, req: Delete<'_, Self>) -> Result<()> {
        let ids = vec![req.id.to_owned()];
        security_group_rule::revoke_by_id(ec2, &req.args.security_group_id, Direction::Egress, ids).await
    }

    async fn find(ec2: &Ec2, req: Find<'_, Self::Args>) -> Result<Option<Id>> {
        security_group_rule::find(ec2, req.uid).await
    }
}

#[cfg(test)]
mod tests {
    use stackr_core::Block as _;

    use super::*;

    #[test]
    fn the_group_and_the_kind_of_the_destination_force_replacement() {
        let names = |is: fn(&&stackr_core::Field) -> bool| {
            VpcSecurityGroupEgressRuleArgs::fields().iter().filter(is).map(|f| f.name).collect::<Vec<_>>()
        };
        assert_eq!(names(|f| f.replace), ["security_group_id"]);
        let destinations = ["cidr_ipv4", "cidr_ipv6", "prefix_list_id", "referenced_security_group_id"];
        assert_eq!(names(|f| f.lasting), destinations);
    }
}

//! An IAM role that is there already.

use stackr_core::{Args, CloudError, ErrorKind, Lookup, Outputs, Result, Tags};

use super::{Iam, decode, moment, read_tags, unless_missing};

/// An IAM role that is there already.
pub struct RoleLookup;

/// An IAM role that is there already.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct RoleLookupArgs {
    /// Its name.
    pub name: String,
}

/// The role.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct RoleLookupOutputs {
    /// Its name.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Who may take it on, as JSON.
    pub assume_role_policy: String,
    /// When it was made.
    pub create_date: String,
    /// What it is for.
    pub description: String,
    /// Seconds that a session may last.
    pub max_session_duration: i64,
    /// Its path.
    pub path: String,
    /// ARN of the policy that bounds what it may do; empty if there is none.
    pub permissions_boundary: String,
    /// Its unique id.
    pub unique_id: String,
    /// Its tags.
    pub tags: Tags,
}

impl Lookup for RoleLookup {
    const TYPE: &'static str = "aws_iam_role";
    type Cloud = Iam;
    type Args = RoleLookupArgs;
    type Outputs = RoleLookupOutputs;

    async fn read(iam: &Iam, args: &RoleLookupArgs) -> Result<RoleLookupOutputs> {
        let request = iam.client.get_role().role_name(&args.name);
        let found = unless_missing(iam.call("GetRole", request.send()).await)?.and_then(|found| found.role);
        let role = found.ok_or_else(|| {
            let message = format!("there is no role with the name {}", args.name);
            CloudError::new(ErrorKind::Invalid, "iam:GetRole", message)
        })?;
        let boundary = role.permissions_boundary().and_then(|b| b.permissions_boundary_arn());
        Ok(RoleLookupOutputs {
            id: role.role_name().to_owned(),
            arn: role.arn().to_owned(),
            assume_role_policy: decode(role.assume_role_policy_document().unwrap_or_default()),
            create_date: moment(role.create_date()),
            description: role.description().unwrap_or_default().to_owned(),
            max_session_duration: role.max_session_duration().unwrap_or(3600).into(),
            path: role.path().to_owned(),
            permissions_boundary: boundary.unwrap_or_default().to_owned(),
            unique_id: role.role_id().to_owned(),
            tags: read_tags(role.tags()),
        })
    }
}

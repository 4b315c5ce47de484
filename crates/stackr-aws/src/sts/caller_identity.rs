//! The account, user and ARN of the credentials in use.

use stackr_core::{Args, Lookup, Outputs, Result, need};

use super::{Caller, Sts};

/// The caller's identity.
pub struct CallerIdentity;

/// The caller's identity: account, user and ARN of the credentials in use.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct CallerIdentityArgs {}

/// What AWS knows about the caller.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct CallerIdentityOutputs {
    /// The account id.
    pub id: String,
    /// The account id.
    pub account_id: String,
    /// The ARN of the user or assumed role.
    pub arn: String,
    /// The unique id of the user or assumed role.
    pub user_id: String,
}

impl Lookup for CallerIdentity {
    const TYPE: &'static str = "aws_caller_identity";
    type Cloud = Caller;
    type Args = CallerIdentityArgs;
    type Outputs = CallerIdentityOutputs;

    async fn read(caller: &Caller, _: &CallerIdentityArgs) -> Result<CallerIdentityOutputs> {
        caller.identity().await.cloned()
    }
}

/// Asks AWS who is asking.
pub(super) async fn ask(sts: &Sts) -> Result<CallerIdentityOutputs> {
    let caller = sts.call("GetCallerIdentity", sts.client.get_caller_identity().send()).await?;
    let account_id = need(caller.account(), "Account")?;
    Ok(CallerIdentityOutputs {
        id: account_id.clone(),
        account_id,
        arn: need(caller.arn(), "Arn")?,
        user_id: need(caller.user_id(), "UserId")?,
    })
}

//! Credentials of assumed roles.
//!
//! The SDK's own provider knows neither transitive tags nor a source identity, so the calls are made here. AWS's
//! names for all of it: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.

use aws_config::{Region, SdkConfig, retry::RetryConfig};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future},
};
use aws_sdk_sts::types::{PolicyDescriptorType, Tag};
use stackr_core::{AssumeRole, ProviderConfig, RoleSession, WebIdentity};

/// The name of a session that is given none.
const SESSION: &str = "stackr";

/// The configuration with the credentials of the roles that a provider assumes, one after the other.
pub(crate) fn assumed(mut config: SdkConfig, provider: &ProviderConfig) -> SdkConfig {
    let web = provider.web_identity.clone().map(How::Web);
    for how in web.into_iter().chain(provider.assume_role.iter().cloned().map(How::Role)) {
        // Assuming a role makes nothing, so unlike a create it may be repeated blindly.
        let mut sts = aws_sdk_sts::config::Builder::from(&config).retry_config(RetryConfig::standard());
        if let Some(region) = &provider.sts_region {
            sts = sts.region(Region::new(region.clone()));
        }
        if let Some(url) = provider.endpoints.get("sts") {
            sts = sts.endpoint_url(url);
        }
        let role = Assumed { client: aws_sdk_sts::Client::from_conf(sts.build()), how };
        config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(role)).build();
    }
    config
}

#[derive(Clone, Debug)]
enum How {
    Role(AssumeRole),
    Web(WebIdentity),
}

/// The credentials of one role.
#[derive(Debug)]
struct Assumed {
    client: aws_sdk_sts::Client,
    how: How,
}

impl ProvideCredentials for Assumed {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            match &self.how {
                How::Role(role) => self.role(role).await,
                How::Web(role) => self.web(role).await,
            }
        })
    }
}

type Provided = Result<Credentials, CredentialsError>;

impl Assumed {
    async fn role(&self, role: &AssumeRole) -> Provided {
        let mut tags = Vec::new();
        for (key, value) in &role.tags {
            tags.push(Tag::builder().key(key).value(value).build().map_err(CredentialsError::unhandled)?);
        }
        let keys = Some(role.transitive_tag_keys.clone()).filter(|keys| !keys.is_empty());
        let call = self.client.assume_role().role_arn(&role.role_arn);
        let answer = call
            .role_session_name(role.session_name.as_deref().unwrap_or(SESSION))
            .set_external_id(role.external_id.clone())
            .set_source_identity(role.source_identity.clone())
            .set_tags(Some(tags).filter(|tags| !tags.is_empty()))
            .set_transitive_tag_keys(keys)
            .set_duration_seconds(role.session.seconds)
            .set_policy(role.session.policy.clone())
            .set_policy_arns(policies(&role.session))
            .send()
            .await
            .map_err(CredentialsError::provider_error)?;
        credentials(answer.credentials())
    }

    async fn web(&self, role: &WebIdentity) -> Provided {
        let token = match (&role.token, &role.token_file) {
            (Some(token), _) => token.clone(),
            (None, Some(file)) => {
                std::fs::read_to_string(file).map_err(CredentialsError::invalid_configuration)?
            }
            (None, None) => return Err(CredentialsError::not_loaded("there is no web identity token")),
        };
        let call = self.client.assume_role_with_web_identity().role_arn(&role.role_arn);
        let answer = call
            .role_session_name(role.session_name.as_deref().unwrap_or(SESSION))
            .web_identity_token(token.trim())
            .set_duration_seconds(role.session.seconds)
            .set_policy(role.session.policy.clone())
            .set_policy_arns(policies(&role.session))
            .send()
            .await
            .map_err(CredentialsError::provider_error)?;
        credentials(answer.credentials())
    }
}

fn policies(session: &RoleSession) -> Option<Vec<PolicyDescriptorType>> {
    let arns = session.policy_arns.iter().map(|arn| PolicyDescriptorType::builder().arn(arn).build());
    Some(arns.collect::<Vec<_>>()).filter(|all| !all.is_empty())
}

fn credentials(answer: Option<&aws_sdk_sts::types::Credentials>) -> Provided {
    let answer = answer.ok_or_else(|| CredentialsError::not_loaded("the answer has no credentials"))?;
    let token = Some(answer.session_token().to_owned());
    Ok(Credentials::new(
        answer.access_key_id(),
        answer.secret_access_key(),
        token,
        Some((*answer.expiration()).try_into().map_err(CredentialsError::unhandled)?),
        "assumed role",
    ))
}

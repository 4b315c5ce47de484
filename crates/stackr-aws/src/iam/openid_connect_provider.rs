//! IAM OpenID Connect provider: lets identities from elsewhere (GitHub Actions, a Kubernetes cluster) take
//! on roles.
//!
//! Facts about the API that shape this file:
//! - its ARN follows from its URL, of which there is one per account;
//! - the URL comes back without `https://`;
//! - thumbprints are AWS's business for well-known issuers, which fill in their own.

use aws_sdk_iam::operation::get_open_id_connect_provider::GetOpenIdConnectProviderOutput as Described;
use futures::future::try_join_all;
use stackr_core::{
    Args, Create, Created, Delete, Find, Id, Outputs, Resource, Result, Seen, Set, Status, Tags, Update,
    Waits, need,
};

use super::{Iam, is_ours, read_tags, sync_tags, unless_missing, write_tags};

/// An IAM OpenID Connect provider.
pub struct OpenIdConnectProvider;

/// An IAM OpenID Connect provider: lets identities from elsewhere (GitHub Actions, a Kubernetes cluster)
/// take on roles.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct OpenIdConnectProviderArgs {
    /// The issuer: `https://token.actions.githubusercontent.com`.
    #[arg(replace)]
    pub url: String,
    /// Audiences that are accepted.
    #[arg(required)]
    pub client_id_list: Set<String>,
    /// Fingerprints of the issuer's certificate authorities; AWS finds them if absent.
    #[arg(computed)]
    pub thumbprint_list: Vec<String>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS gives a provider.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct OpenIdConnectProviderOutputs {
    /// Its ARN.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

impl Resource for OpenIdConnectProvider {
    const TYPE: &'static str = "aws_iam_openid_connect_provider";
    const WAITS: Waits = Waits::INSTANT;
    type Cloud = Iam;
    type Args = OpenIdConnectProviderArgs;
    type Outputs = OpenIdConnectProviderOutputs;

    async fn create(iam: &Iam, req: Create<'_, OpenIdConnectProviderArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let thumbprints = (!args.thumbprint_list.is_empty()).then(|| args.thumbprint_list.clone());
        let create = iam
            .client
            .create_open_id_connect_provider()
            .url(&args.url)
            .set_client_id_list(Some(args.client_id_list.to_vec()))
            .set_thumbprint_list(thumbprints)
            .set_tags(write_tags(&args.tags)?);
        let made = iam.call("CreateOpenIDConnectProvider", create.send()).await?;
        Ok(Created::id(need(made.open_id_connect_provider_arn(), "OpenIDConnectProviderArn")?))
    }

    async fn read(iam: &Iam, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        try_join_all(ids.iter().map(|arn| async {
            let found = get(iam, arn).await?;
            found.map(|found| seen(arn, &found)).transpose()
        }))
        .await
    }

    async fn update(iam: &Iam, req: Update<'_, Self>) -> Result<()> {
        let (want, seen, client) = (req.want, &req.seen.args, &iam.client);
        if req.changes(&["client_id_list"]) {
            let added = want.client_id_list.iter().filter(|id| !seen.client_id_list.contains(id)).map(|id| {
                let add = client.add_client_id_to_open_id_connect_provider();
                let add = add.open_id_connect_provider_arn(req.id).client_id(id);
                iam.call("AddClientIDToOpenIDConnectProvider", add.send())
            });
            try_join_all(added).await?;
            let removed =
                seen.client_id_list.iter().filter(|id| !want.client_id_list.contains(id)).map(|id| {
                    let remove = client.remove_client_id_from_open_id_connect_provider();
                    let remove = remove.open_id_connect_provider_arn(req.id).client_id(id);
                    iam.call("RemoveClientIDFromOpenIDConnectProvider", remove.send())
                });
            try_join_all(removed).await?;
        }
        if req.changes(&["thumbprint_list"]) {
            let update = client.update_open_id_connect_provider_thumbprint();
            let update = update.open_id_connect_provider_arn(req.id);
            let update = update.set_thumbprint_list(Some(want.thumbprint_list.clone()));
            iam.call("UpdateOpenIDConnectProviderThumbprint", update.send()).await?;
        }
        sync_tags!(
            iam, req, "UntagOpenIDConnectProvider" untag_open_id_connect_provider,
            "TagOpenIDConnectProvider" tag_open_id_connect_provider, open_id_connect_provider_arn
        );
        Ok(())
    }

    async fn delete(iam: &Iam, req: Delete<'_, Self>) -> Result<()> {
        let delete = iam.client.delete_open_id_connect_provider().open_id_connect_provider_arn(req.id);
        iam.call("DeleteOpenIDConnectProvider", delete.send()).await?;
        Ok(())
    }

    async fn find(iam: &Iam, req: Find<'_, OpenIdConnectProviderArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let (partition, account) = (iam.partition(), &iam.origin.account);
        let issuer = args.url.trim_start_matches("https://").trim_end_matches('/');
        let arn = format!("arn:{partition}:iam::{account}:oidc-provider/{issuer}");
        let found = get(iam, &arn).await?;
        Ok(found.filter(|provider| is_ours(provider.tags(), req.uid)).map(|_| arn))
    }
}

async fn get(iam: &Iam, arn: &str) -> Result<Option<Described>> {
    let request = iam.client.get_open_id_connect_provider().open_id_connect_provider_arn(arn);
    unless_missing(iam.call("GetOpenIDConnectProvider", request.send()).await)
}

/// What AWS says about one provider, in our words.
fn seen(arn: &str, provider: &Described) -> Result<Seen<OpenIdConnectProvider>> {
    let issuer = need(provider.url(), "Url")?;
    let tags = read_tags(provider.tags());
    Ok(Seen {
        status: Status::Ready,
        args: OpenIdConnectProviderArgs {
            url: if issuer.starts_with("https://") { issuer } else { format!("https://{issuer}") },
            client_id_list: provider.client_id_list().iter().cloned().collect(),
            thumbprint_list: provider.thumbprint_list().to_vec(),
            tags: tags.clone(),
        },
        outputs: OpenIdConnectProviderOutputs { id: arn.to_owned(), arn: arn.to_owned(), tags_all: tags },
    })
}

#[cfg(test)]
mod tests {
    use stackr_core::Block as _;

    use super::*;

    #[test]
    fn the_url_gets_its_scheme_back() {
        let check = |url: &str| {
            let provider = Described::builder().url(url).build();
            assert_eq!(seen("arn:p", &provider).unwrap().args.url, "https://example.com/id");
        };
        check("example.com/id");
        check("https://example.com/id");
    }

    #[test]
    fn only_another_url_is_another_provider() {
        let replace = OpenIdConnectProviderArgs::fields().iter().filter(|f| f.replace).map(|f| f.name);
        assert_eq!(replace.collect::<Vec<_>>(), ["url"]);
    }
}

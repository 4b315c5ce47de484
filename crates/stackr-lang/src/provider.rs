//! `provider "aws"` blocks: their configuration, and which of them a block uses.

use std::collections::BTreeMap;

use stackr_core::{
    AssumeRole, Diagnostics, ProviderConfig, ProviderKey, RoleSession, Type, Value, WebIdentity,
};

use crate::{
    config::{Provider, error},
    eval::{Scope, nearest},
    functions::duration,
    syntax::{Attribute, Block},
    tree::{BlockDecl, Module, Tree},
};

/// What is accepted because it changes nothing here: stackr does not do what these switch off or limit.
const IDLE: [&str; 9] = [
    "alias",
    "version",
    "skip_credentials_validation",
    "skip_metadata_api_check",
    "skip_region_validation",
    "max_retries",
    "retry_mode",
    "token_bucket_rate_limiter_capacity",
    "s3_us_east_1_regional_endpoint",
];

/// What is refused because it would change where calls go, with the remedy.
const REFUSED: [(&str, &str); 7] = [
    ("http_proxy", "Set the environment variable HTTP_PROXY instead."),
    ("https_proxy", "Set the environment variable HTTPS_PROXY instead."),
    ("no_proxy", "Set the environment variable NO_PROXY instead."),
    ("insecure", "stackr always checks certificates: add the authority to those of the system."),
    ("custom_ca_bundle", "Add the authority to those of the system."),
    (
        "ec2_metadata_service_endpoint",
        "Set the environment variable AWS_EC2_METADATA_SERVICE_ENDPOINT instead.",
    ),
    (
        "ec2_metadata_service_endpoint_mode",
        "Set the environment variable AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE instead.",
    ),
];

/// What is taken.
const ARGUMENTS: [&str; 14] = [
    "region",
    "profile",
    "access_key",
    "secret_key",
    "token",
    "sts_region",
    "shared_config_files",
    "shared_credentials_files",
    "allowed_account_ids",
    "forbidden_account_ids",
    "s3_use_path_style",
    "skip_requesting_account_id",
    "use_fips_endpoint",
    "use_dualstack_endpoint",
];

/// The configuration that a `provider "aws"` block gives.
pub(crate) fn configuration(provider: &Provider, scope: &Scope<'_>) -> Result<ProviderConfig, Diagnostics> {
    let mut reader = Reader { scope, diagnostics: Diagnostics::default() };
    let mut config = ProviderConfig::default();
    let body = &provider.block.body;
    for attribute in &body.attributes {
        reader.argument(&mut config, attribute);
    }
    for block in &body.blocks {
        reader.block(&mut config, block);
    }
    reader.diagnostics.or(config)
}

struct Reader<'a> {
    scope: &'a Scope<'a>,
    diagnostics: Diagnostics,
}

impl Reader<'_> {
    /// The value of an argument as this type, known and without marks.
    fn value(&mut self, attribute: &Attribute, ty: &Type) -> Option<Value> {
        let found = self.scope.within(&attribute.file).eval(&attribute.expr).map(|v| ty.convert(&v));
        let detail = match found {
            Err(why) => {
                self.diagnostics.push(*why);
                return None;
            }
            Ok(Ok(value)) if value.is_null() => return None,
            Ok(Ok(value)) if value.is_wholly_known() => return Some(value.unmark_deep()),
            Ok(Ok(_)) => {
                "A provider is configured before anything is made, so its values must be known.".to_owned()
            }
            Ok(Err(why)) => format!("`{}` of the provider does not take this value: {why}.", attribute.name),
        };
        self.diagnostics.push(error(attribute.span(), "wrong provider configuration", detail));
        None
    }

    fn text(&mut self, attribute: &Attribute) -> Option<String> {
        self.value(attribute, &Type::String)?.to_text()
    }

    fn flag(&mut self, attribute: &Attribute) -> bool {
        self.value(attribute, &Type::Bool) == Some(Value::Bool(true))
    }

    fn list(&mut self, attribute: &Attribute) -> Vec<String> {
        let value = self.value(attribute, &Type::Set(Box::new(Type::String)));
        value.iter().flat_map(|v| v.elements().unwrap_or_default()).filter_map(Value::to_text).collect()
    }

    fn argument(&mut self, config: &mut ProviderConfig, attribute: &Attribute) {
        match &*attribute.name {
            "region" => config.region = self.text(attribute),
            "profile" => config.profile = self.text(attribute),
            "access_key" => config.access_key = self.text(attribute),
            "secret_key" => config.secret_key = self.text(attribute),
            "token" => config.token = self.text(attribute),
            "sts_region" => config.sts_region = self.text(attribute),
            "shared_config_files" => config.shared_config_files = self.sequence(attribute),
            "shared_credentials_files" => config.shared_credentials_files = self.sequence(attribute),
            "allowed_account_ids" => config.allowed_account_ids = self.list(attribute),
            "forbidden_account_ids" => config.forbidden_account_ids = self.list(attribute),
            "s3_use_path_style" | "s3_force_path_style" => config.s3_use_path_style = self.flag(attribute),
            "skip_requesting_account_id" => config.skip_requesting_account_id = self.flag(attribute),
            "use_fips_endpoint" => config.use_fips_endpoint = self.flag(attribute),
            "use_dualstack_endpoint" => config.use_dualstack_endpoint = self.flag(attribute),
            name if IDLE.contains(&name) => {}
            name => match REFUSED.iter().find(|(refused, _)| *refused == name) {
                Some((_, remedy)) => {
                    let value = self.value(attribute, &Type::String).and_then(|v| v.to_text());
                    if value.is_some_and(|v| !v.is_empty() && v != "false") {
                        let detail = format!("`{name}` of the provider is not supported. {remedy}");
                        self.diagnostics.push(error(attribute.name_span(), "unsupported argument", detail));
                    }
                }
                None => {
                    let near = nearest(name, ARGUMENTS.into_iter());
                    let hint = near.map_or_else(String::new, |n| format!(" Did you mean `{n}`?"));
                    let detail = format!("`{name}` of the provider is not supported.{hint}");
                    self.diagnostics.push(error(attribute.name_span(), "unsupported argument", detail));
                }
            },
        }
    }

    fn block(&mut self, config: &mut ProviderConfig, block: &Block) {
        match &*block.kind {
            "default_tags" => config.default_tags = self.default_tags(block),
            "ignore_tags" => {
                for attribute in &block.body.attributes {
                    match &*attribute.name {
                        "keys" => config.ignore_tag_keys = self.list(attribute),
                        "key_prefixes" => config.ignore_tag_prefixes = self.list(attribute),
                        _ => self.unsupported(attribute, "`ignore_tags`"),
                    }
                }
            }
            // Several are assumed one after the other.
            "assume_role" => config.assume_role.extend(self.assume_role(block)),
            "assume_role_with_web_identity" if config.web_identity.is_none() => {
                config.web_identity = self.web_identity(block);
            }
            "endpoints" => {
                for attribute in &block.body.attributes {
                    if let Some(url) = self.text(attribute) {
                        config.endpoints.insert(attribute.name.to_string(), url);
                    }
                }
            }
            kind => {
                let detail = format!("`{kind}` of the provider is not supported, or is written twice.");
                self.diagnostics.push(error(block.span(), "unsupported block", detail));
            }
        }
    }

    /// A list of texts in its order.
    fn sequence(&mut self, attribute: &Attribute) -> Vec<String> {
        let value = self.value(attribute, &Type::List(Box::new(Type::String)));
        value.iter().flat_map(|v| v.elements().unwrap_or_default()).filter_map(Value::to_text).collect()
    }

    fn unsupported(&mut self, attribute: &Attribute, place: &str) {
        let detail = format!("`{}` of {place} is not supported.", attribute.name);
        self.diagnostics.push(error(attribute.name_span(), "unsupported argument", detail));
    }

    /// A map of texts.
    fn map(&mut self, attribute: &Attribute) -> BTreeMap<String, String> {
        let value = self.value(attribute, &Type::Map(Box::new(Type::String)));
        let all = value.iter().filter_map(Value::attributes).flatten();
        all.filter_map(|(k, v)| Some((k.clone(), v.to_text()?))).collect()
    }

    fn default_tags(&mut self, block: &Block) -> BTreeMap<String, String> {
        let mut tags = BTreeMap::new();
        for attribute in &block.body.attributes {
            if &*attribute.name == "tags" {
                tags.extend(self.map(attribute));
            } else {
                self.unsupported(attribute, "`default_tags`");
            }
        }
        tags
    }

    fn assume_role(&mut self, block: &Block) -> Option<AssumeRole> {
        let mut role = AssumeRole::default();
        for attribute in &block.body.attributes {
            match &*attribute.name {
                "role_arn" => role.role_arn = self.text(attribute).unwrap_or_default(),
                "session_name" => role.session_name = self.text(attribute),
                "external_id" => role.external_id = self.text(attribute),
                "source_identity" => role.source_identity = self.text(attribute),
                "tags" => role.tags = self.map(attribute),
                "transitive_tag_keys" => role.transitive_tag_keys = self.list(attribute),
                _ => self.session(&mut role.session, attribute, "`assume_role`"),
            }
        }
        // Terraform, too, takes a block without a role as none.
        (!role.role_arn.is_empty()).then_some(role)
    }

    fn web_identity(&mut self, block: &Block) -> Option<WebIdentity> {
        let mut role = WebIdentity::default();
        for attribute in &block.body.attributes {
            match &*attribute.name {
                "role_arn" => role.role_arn = self.text(attribute).unwrap_or_default(),
                "session_name" => role.session_name = self.text(attribute),
                "web_identity_token" => role.token = self.text(attribute),
                "web_identity_token_file" => role.token_file = self.text(attribute),
                _ => self.session(&mut role.session, attribute, "`assume_role_with_web_identity`"),
            }
        }
        if !role.role_arn.is_empty() && role.token.is_some() == role.token_file.is_some() {
            let detail = "Give `web_identity_token` or `web_identity_token_file`, one of them.";
            self.diagnostics.push(error(block.span(), "wrong provider configuration", detail));
        }
        (!role.role_arn.is_empty()).then_some(role)
    }

    fn session(&mut self, session: &mut RoleSession, attribute: &Attribute, place: &str) {
        match &*attribute.name {
            "policy" => session.policy = self.text(attribute),
            "policy_arns" => session.policy_arns = self.list(attribute),
            "duration" => {
                let Some(text) = self.text(attribute) else { return };
                let seconds = duration(&text).ok().and_then(|d| i32::try_from(d.as_secs()).ok());
                session.seconds = seconds.filter(|s| (900..=43_200).contains(s));
                if session.seconds.is_none() {
                    let detail =
                        format!("A session lasts from 15 minutes to 12 hours, `\"1h\"`; this is {text:?}.");
                    self.diagnostics.push(error(attribute.span(), "wrong provider configuration", detail));
                }
            }
            _ => self.unsupported(attribute, place),
        }
    }
}

/// The key of a configuration: its alias, after the module that has it where that is not the root.
pub(crate) fn key(module: &Module, alias: &str) -> ProviderKey {
    let names: Vec<_> = module.names.iter().map(|name| format!("module.{name}")).collect();
    if names.is_empty() { alias.to_owned() } else { format!("{}/{alias}", names.join(".")) }
}

/// Whether a provider block is a configuration of its own.
pub(crate) fn configures(module: &Module, provider: &Provider) -> bool {
    provider.name == "aws" && (module.parent.is_none() || !provider.is_empty())
}

/// The provider configuration that a block uses: one of its module, or what the modules around are given.
pub(crate) fn key_of(tree: &Tree, block: &BlockDecl, diagnostics: &mut Diagnostics) -> ProviderKey {
    let reference = block.resource.provider.as_ref();
    let mut name = reference.map_or_else(|| "aws".to_owned(), |r| r.name.clone());
    let mut alias = reference.map_or_else(String::new, |r| r.alias.clone());
    let span = reference.map_or_else(|| block.resource.block.span(), |r| r.span.clone());
    let mut module = &tree.modules[block.module];
    loop {
        let own = module.providers.iter().find(|p| p.name == name && p.alias == alias);
        if own.is_some_and(|own| configures(module, own)) {
            return key(module, &alias);
        }
        let Some(parent) = &module.parent else { break };
        let child = tree.modules[parent.module].children.get(&parent.name);
        let given = child.and_then(|c| c.call.providers.as_ref());
        match given.into_iter().flatten().find(|(inner, _)| *inner == (name.clone(), alias.clone())) {
            Some((_, outer)) => (name, alias) = (outer.name.clone(), outer.alias.clone()),
            None if alias.is_empty() => {}
            None => {
                let detail = format!(
                    "The module `{}` is not given `{name}.{alias}`: say `providers = {{ {name}.{alias} = … }}` where \
                     it is called.",
                    parent.name
                );
                diagnostics.push(error(span, "unknown provider", detail));
                return ProviderKey::new();
            }
        }
        module = &tree.modules[parent.module];
    }
    if !alias.is_empty() && !module.providers.iter().any(|p| p.name == name && p.alias == alias) {
        let aliases = module.providers.iter().filter(|p| p.name == name && !p.alias.is_empty());
        let near = nearest(&alias, aliases.map(|p| &*p.alias));
        let hint = near.map_or_else(String::new, |n| format!(" Did you mean `{name}.{n}`?"));
        let detail = format!("There is no `provider \"{name}\"` block with the alias `{alias}`.{hint}");
        diagnostics.push(error(span, "unknown provider", detail));
    }
    alias
}

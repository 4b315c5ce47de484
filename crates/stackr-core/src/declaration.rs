//! What a front end hands to the planner: blocks with known references, and their evaluation on demand.
//!
//! Facts that shape this file:
//! - how many instances a block has, and what its arguments are, may depend on values that only planning or
//!   apply knows, so a declaration is *asked* for them, with an [`Env`] that knows what is known so far;
//! - the same question is asked again during apply, with real values;
//! - locals, variables and modules are the front end's own business: the planner sees blocks only.

use std::collections::BTreeMap;

use crate::{
    Address, BlockKey, Diagnostic, Diagnostics, Import, Key, ModulePath, Move, Removal, Span, Value,
};

/// Which provider configuration a block uses: the empty string for the default one, else its alias.
pub type ProviderKey = String;

/// A declared system: the resources and data of one stack.
pub trait Declaration: Send + Sync {
    /// Every `resource` and `data` block, in a stable order.
    fn blocks(&self) -> &[Declared];

    /// The instances of a block.
    ///
    /// # Errors
    /// What is wrong with `count` or `for_each`, here or in a module around the block.
    fn expand(&self, block: usize, env: &dyn Env) -> Result<Expansion, Diagnostics>;

    /// The arguments of one instance.
    ///
    /// # Errors
    /// What is wrong with the expressions.
    fn evaluate(&self, block: usize, address: &Address, env: &dyn Env) -> Result<Arguments, Diagnostics>;

    /// The outputs of the stack.
    ///
    /// # Errors
    /// What is wrong with their expressions.
    fn outputs(&self, env: &dyn Env) -> Result<Vec<OutputValue>, Diagnostics>;

    /// What the object of one instance does not meet of its postconditions. `value` is what references to it see,
    /// unknown in parts before it is made. Gives whether every condition could be judged.
    ///
    /// # Errors
    /// The conditions that are not met, and what is wrong with their expressions.
    fn postconditions(
        &self,
        _block: usize,
        _address: &Address,
        _value: &Value,
        _env: &dyn Env,
    ) -> Result<bool, Diagnostics> {
        Ok(true)
    }

    /// What the checks of the stack find, as warnings. Data of a check that could not be read is null: what is asserted
    /// of it is not judged then.
    fn checks(&self, _env: &dyn Env) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// One output, without a question about any other; `None` if there is none of this name.
    ///
    /// # Errors
    /// What is wrong with its expression.
    fn output_value(&self, name: &str, env: &dyn Env) -> Result<Option<OutputValue>, Diagnostics>;

    /// The provider configurations by key. They may not depend on resources.
    ///
    /// # Errors
    /// What is wrong with their expressions.
    fn providers(&self) -> Result<BTreeMap<ProviderKey, ProviderConfig>, Diagnostics>;

    /// What was recorded under other addresses than it is declared at now.
    fn moves(&self) -> &[Move] {
        &[]
    }

    /// What is no longer declared on purpose.
    fn removals(&self) -> &[Removal] {
        &[]
    }

    /// The objects that are there already and are to be taken over as instances of a block.
    ///
    /// # Errors
    /// What is wrong with the expressions.
    fn imports(&self, _block: usize, _env: &dyn Env) -> Result<Vec<Import>, Diagnostics> {
        Ok(Vec::new())
    }
}

/// What is known of other blocks while one is evaluated.
pub trait Env {
    /// The moment of the apply; `None` while planning, which knows neither the time nor random values.
    fn moment(&self) -> Option<&crate::Moment> {
        None
    }

    /// The value of a block in a module instance: an object for a single instance, a tuple under `count`, an
    /// object by key under `for_each`; unknown where even the instances are not known. `None` if it has not
    /// been evaluated, which is a mistake in the caller's order.
    fn block(&self, module: &ModulePath, block: &BlockKey) -> Option<Value>;

    /// The value of one instance of such a block. Asking for the instance instead of indexing the block says
    /// exactly what is depended on, and copies no others.
    fn instance(&self, module: &ModulePath, block: &BlockKey, key: &Key) -> Option<Value> {
        match (self.block(module, block)?, key) {
            (block, Key::Index(index)) => block.elements()?.get(usize::try_from(*index).ok()?).cloned(),
            (block, Key::Name(name)) => block.get(name).cloned(),
        }
    }
}

/// One `resource` or `data` block.
#[derive(Clone, Debug)]
pub struct Declared {
    /// The names of the modules from the root to the block.
    pub module: Vec<String>,
    /// Mode, type and name.
    pub key: BlockKey,
    /// How its instances are told apart.
    pub repeats: Repeats,
    /// What it refers to, directly or through locals, variables and modules.
    pub refs: Vec<BlockRef>,
    /// Its provider configuration.
    pub provider: ProviderKey,
    /// Its `lifecycle` block.
    pub lifecycle: Lifecycle,
    /// Whether it is data of a check: read after everything else, and what fails about it is a warning.
    pub advisory: bool,
    /// Where it is written.
    pub span: Option<Span>,
}

impl Declared {
    /// Whether an address is one of its instances.
    #[must_use]
    pub fn has(&self, address: &Address) -> bool {
        address.block == self.key && address.module.0.iter().map(|step| &step.name).eq(&self.module)
    }
}

/// How the instances of a block are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeats {
    /// There is one, without a key.
    #[default]
    Once,
    /// By position: `count`.
    Count,
    /// By key: `for_each`.
    ForEach,
}

/// A reference from one block to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRef {
    /// The top-level argument that the reference is in; `None` for `depends_on`, `count` and `for_each`.
    pub arg: Option<String>,
    /// The index of the other block in [`Declaration::blocks`].
    pub to: usize,
    /// Whether the block names the other itself, not through a local, a variable or a module.
    pub direct: bool,
}

/// The `lifecycle` block of a resource.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    /// A replacement is made before the old object is removed.
    pub create_before_destroy: bool,
    /// A plan that would remove the object is refused.
    pub prevent_destroy: bool,
    /// Differences that are not acted on.
    pub ignore_changes: Ignore,
}

/// The differences that `ignore_changes` names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ignore {
    /// None.
    #[default]
    Nothing,
    /// All: the object is made once and then left as it is.
    All,
    /// Those in these arguments, as paths: `tags`, `tags["Name"]`, `desired_count`.
    These(Vec<crate::Path>),
}

/// The instances of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expansion {
    /// These, in order. Their addresses carry the keys of modules around them.
    Known(Vec<Address>),
    /// They depend on something that is not known yet.
    Unknown,
}

/// The evaluated arguments of one instance.
#[derive(Clone, Debug)]
pub struct Arguments {
    /// An object of what is written: attributes by name, blocks as lists of objects. Not yet checked against
    /// the schema.
    pub value: Value,
    /// Where each argument and block is written, by its path, for messages.
    pub spans: BTreeMap<String, Written>,
    /// What the block says of the instance beside its arguments.
    pub terms: Terms,
}

/// Where an argument or block is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its name.
    pub name: Span,
    /// Its value.
    pub value: Span,
}

/// What a block says of one instance beside its arguments.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Terms {
    /// Whether a precondition could not be judged, because it needs something that is not known yet.
    pub undecided: bool,
    /// What replaces the object when it changes itself.
    pub triggers: Vec<Trigger>,
    /// How long the user waits, in milliseconds by operation: `create`, `read`, `update`, `delete`. An operation whose
    /// time is not known yet is left out.
    pub timeouts: BTreeMap<String, u64>,
}

/// Something whose change replaces another object: an object, all objects of a block, or an attribute of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// The object; without a key all of its block.
    pub address: Address,
    /// The attribute; empty: whatever changes.
    pub path: crate::Path,
}

/// One output of a stack.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputValue {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// Whether it is declared sensitive.
    pub sensitive: bool,
    /// Its description.
    pub description: Option<String>,
}

/// One `provider "aws"` block, evaluated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderConfig {
    /// The region; absent: from the environment or the profile.
    pub region: Option<String>,
    /// The profile of the shared configuration.
    pub profile: Option<String>,
    /// Static credentials.
    pub access_key: Option<String>,
    /// Static credentials.
    pub secret_key: Option<String>,
    /// Static credentials.
    pub token: Option<String>,
    /// The roles to assume, each with the credentials of the one before.
    pub assume_role: Vec<AssumeRole>,
    /// The role to assume first, with a token of an identity provider.
    pub web_identity: Option<WebIdentity>,
    /// The region in which roles are assumed; absent: `region`.
    pub sts_region: Option<String>,
    /// The files of the shared configuration, instead of `~/.aws/config`.
    pub shared_config_files: Vec<String>,
    /// The files of the shared credentials, instead of `~/.aws/credentials`.
    pub shared_credentials_files: Vec<String>,
    /// Use the endpoints that meet FIPS 140.
    pub use_fips_endpoint: bool,
    /// Use the endpoints that have IPv6 too.
    pub use_dualstack_endpoint: bool,
    /// Tags that every object of this provider gets.
    pub default_tags: BTreeMap<String, String>,
    /// Tag keys that are neither compared nor touched.
    pub ignore_tag_keys: Vec<String>,
    /// Tag key prefixes that are neither compared nor touched.
    pub ignore_tag_prefixes: Vec<String>,
    /// Endpoint URLs by the provider's service name: `ec2`, `elbv2`.
    pub endpoints: BTreeMap<String, String>,
    /// The only accounts that may be touched; empty: any.
    pub allowed_account_ids: Vec<String>,
    /// Accounts that may not be touched.
    pub forbidden_account_ids: Vec<String>,
    /// Address S3 buckets by path instead of host name.
    pub s3_use_path_style: bool,
    /// Do not ask which account this is.
    pub skip_requesting_account_id: bool,
}

/// The role that a provider assumes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssumeRole {
    /// Its ARN.
    pub role_arn: String,
    /// The session's name in the audit log; `stackr` if absent.
    pub session_name: Option<String>,
    /// The external id that the role asks for.
    pub external_id: Option<String>,
    /// The name that the audit log keeps through further roles.
    pub source_identity: Option<String>,
    /// What the session is for and may do.
    pub session: RoleSession,
    /// Tags of the session.
    pub tags: BTreeMap<String, String>,
    /// The tags that further roles get too.
    pub transitive_tag_keys: Vec<String>,
}

/// How long the session of a role lasts, and to what it is limited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleSession {
    /// How many seconds it lasts; absent: an hour.
    pub seconds: Option<i32>,
    /// A policy that limits it, as JSON.
    pub policy: Option<String>,
    /// The ARNs of policies that limit it.
    pub policy_arns: Vec<String>,
}

/// A role that is assumed with a token of an identity provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebIdentity {
    /// The role's ARN.
    pub role_arn: String,
    /// The session's name in the audit log; `stackr` if absent.
    pub session_name: Option<String>,
    /// The token.
    pub token: Option<String>,
    /// The file that the token is in.
    pub token_file: Option<String>,
    /// How long the session lasts and what it may do.
    pub session: RoleSession,
}

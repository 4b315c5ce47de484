//! `data "terraform_remote_state"`: the outputs of another stack.
//!
//! Facts that shape this file:
//! - one directory serves two tools, so the block names a backend; which store that means here is the program's to
//!   say ([`RemoteStates`]): a sibling stack's own store, or the backend as written;
//! - a stack that was read is told so, and cannot then be destroyed under its reader's feet.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use stackr_core::{
    AnyLookup, Args, Block as _, BoxFuture, Cloud, CloudError, ErrorKind, Outputs, Schema, Value, sealed,
};
use stackr_state::{StackName, Store};

/// Answers where the state that a `terraform_remote_state` names is kept.
pub trait RemoteStates: Send + Sync {
    /// The place of the state that a block with this name and these arguments means.
    fn find<'a>(&'a self, wanted: &'a RemoteStateArgs) -> BoxFuture<'a, Result<Place, CloudError>>;
}

/// Where another stack's outputs are.
pub enum Place {
    /// In a stackr store: a sibling, or a stack elsewhere.
    Stack {
        /// Its name.
        name: StackName,
        /// Its store.
        store: Arc<dyn Store>,
        /// Whether it is a stack of this project, which is then told that it is read.
        sibling: bool,
    },
    /// In a state file of Terraform, version 4.
    Terraform {
        /// The file.
        text: Vec<u8>,
        /// Where it was.
        place: String,
    },
}

/// The outputs of another stack: the name of the data type. How it is answered is [`RemoteStates`]' business.
pub struct RemoteState;

/// The outputs of another stack, from its state.
#[derive(Clone, Debug, Args)]
pub struct RemoteStateArgs {
    /// Where the other stack's state is kept: `s3` or `local`.
    pub backend: String,
    /// The backend's own settings: `bucket`, `key`, `region`; `path`.
    pub config: Option<Value>,
    /// The workspace of the other stack; `default` if absent.
    pub workspace: Option<String>,
    /// Values of outputs that the other stack does not have.
    pub defaults: Option<Value>,
}

/// What another stack gives.
#[derive(Clone, Debug, Outputs)]
pub struct RemoteStateOutputs {
    /// Its outputs, by name.
    pub outputs: Value,
}

const SCHEMA: Schema = Schema {
    ty: "terraform_remote_state",
    args: &RemoteStateArgs::SHAPE,
    outputs: &RemoteStateOutputs::SHAPE,
};

/// The data type `terraform_remote_state`.
pub(crate) struct RemoteStateLookup {
    states: Arc<dyn RemoteStates>,
    read: Arc<Mutex<BTreeSet<StackName>>>,
    clock: fn() -> jiff::Timestamp,
}

impl RemoteStateLookup {
    /// The data type. The names of sibling stacks that are read are added to `read`.
    pub(crate) fn new(
        states: Arc<dyn RemoteStates>,
        read: Arc<Mutex<BTreeSet<StackName>>>,
        clock: fn() -> jiff::Timestamp,
    ) -> Self {
        Self { states, read, clock }
    }

    /// The schema alone, for checking sources and for documents.
    #[cfg(feature = "aws")]
    pub(crate) fn schema_only() -> Self {
        Self::new(Arc::new(crate::deployment::Unconnected), Arc::default(), || jiff::Timestamp::UNIX_EPOCH)
    }

    async fn outputs(&self, args: &RemoteStateArgs) -> Result<BTreeMap<String, Value>, CloudError> {
        let invalid = |error: &dyn std::error::Error| {
            CloudError::new(ErrorKind::Invalid, "terraform_remote_state", chain(error))
        };
        match self.states.find(args).await? {
            Place::Terraform { text, place } => {
                let outputs = stackr_state::terraform_v4::outputs(&text, &place).map_err(|e| invalid(&e))?;
                Ok(outputs.into_iter().map(|(name, (value, _))| (name, value)).collect())
            }
            Place::Stack { name, store, sibling } => {
                let peek =
                    stackr_state::peek(&*store, &name, (self.clock)()).await.map_err(|e| invalid(&e))?;
                if !peek.exists {
                    let message = format!(
                        "the stack `{}` has no state in {} yet; apply it first: `stackr apply {}`",
                        name.stack,
                        store.place(stackr_state::Key::Snapshot),
                        name.stack
                    );
                    return Err(CloudError::new(ErrorKind::Invalid, "terraform_remote_state", message));
                }
                if sibling {
                    self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
                }
                let outputs = peek.state.outputs.into_iter();
                Ok(outputs.map(|(name, output)| (name, shown(output.value(), output.sensitive))).collect())
            }
        }
    }
}

/// An output as its readers see it. The clear value of a secret is not in state: it is unknown to them.
fn shown(value: Value, sensitive: bool) -> Value {
    if sealed::seal(&value).is_some() { Value::UNKNOWN.sensitive() } else { value.marked(sensitive) }
}

/// An error and what caused it, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text = format!("{text}: {error}");
        next = error.source();
    }
    text
}

impl AnyLookup for RemoteStateLookup {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn read<'a>(&'a self, _: &'a dyn Cloud, args: &'a Value) -> BoxFuture<'a, Result<Value, CloudError>> {
        Box::pin(async move {
            let args = RemoteStateArgs::from_object(args)
                .map_err(|mismatch| CloudError::bug(format!("terraform_remote_state: {mismatch}")))?;
            let mut outputs = args.defaults.as_ref().and_then(Value::attributes).cloned().unwrap_or_default();
            outputs.extend(self.outputs(&args).await?);
            Ok(Value::object([("outputs", Value::Object(outputs))]))
        })
    }
}

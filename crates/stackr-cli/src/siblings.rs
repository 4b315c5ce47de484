//! Where a `terraform_remote_state` finds the other stack's state.
//!
//! One directory serves two tools. A block that means a stack of this project (by `stackr.toml`, by the directory of
//! its path, or by the sibling's own backend) is answered from that stack's store; any other from the backend as it
//! is written, in stackr's format or Terraform's.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use stackr::{Place, RemoteStateArgs, RemoteStates, StackName, Store};
use stackr_core::{BoxFuture, CloudError, ErrorKind, Value};
use stackr_state::{Key, Local, s3::S3};

/// One stack of the project that another may read.
pub(crate) struct Sibling {
    pub(crate) name: StackName,
    pub(crate) dir: PathBuf,
    pub(crate) store: Arc<dyn Store>,
    /// Whether the reading stack names it under `depends_on`.
    pub(crate) depended_on: bool,
    /// Its backend block: kind, bucket and key.
    pub(crate) backend: Option<(String, Option<String>, Option<String>)>,
}

/// The stacks that a stack may read.
pub(crate) struct Siblings {
    pub(crate) siblings: Vec<Sibling>,
    /// The directory of the reading stack: relative paths start there, as for Terraform.
    pub(crate) dir: PathBuf,
    pub(crate) s3: Option<aws_sdk_s3::Client>,
}

impl Siblings {
    /// The sibling that a block means.
    fn sibling(&self, wanted: &RemoteStateArgs) -> Option<&Sibling> {
        let setting = |name: &str| wanted.config.as_ref().and_then(|c| c.get(name)).and_then(Value::to_text);
        let path = setting("path");
        let key = setting("key");
        if let Some(path) = &path {
            let dir = self.dir.join(path).parent().and_then(|d| fs::canonicalize(d).ok());
            let at = |s: &&Sibling| dir.is_some() && fs::canonicalize(&s.dir).ok() == dir;
            if let Some(found) = self.siblings.iter().find(at) {
                return Some(found);
            }
        }
        let same = |s: &&Sibling| {
            let mine = (wanted.backend.clone(), setting("bucket"), key.clone());
            s.backend.as_ref().is_some_and(|b| *b == mine) && mine.1.is_some()
        };
        if let Some(found) = self.siblings.iter().find(same) {
            return Some(found);
        }
        // Named in `depends_on`: the only one, or the one whose name is a part of the path or key.
        let mut depended_on: Vec<_> = self.siblings.iter().filter(|s| s.depended_on).collect();
        if depended_on.len() > 1 {
            let text = path.or(key).unwrap_or_default();
            depended_on.retain(|s| text.split(['/', '.']).any(|part| part == s.name.stack));
        }
        match depended_on.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    async fn elsewhere(&self, wanted: &RemoteStateArgs) -> Result<Place, CloudError> {
        let invalid =
            |message: String| CloudError::new(ErrorKind::Invalid, "terraform_remote_state", message);
        let setting = |name: &str| wanted.config.as_ref().and_then(|c| c.get(name)).and_then(Value::to_text);
        let workspace = wanted.workspace.as_deref().unwrap_or("default");
        let store: Arc<dyn Store> = match wanted.backend.as_str() {
            "local" => {
                let path = setting("path").unwrap_or_else(|| "terraform.tfstate".to_owned());
                let path = self.dir.join(path);
                let path = if workspace == "default" {
                    path
                } else {
                    let dir = setting("workspace_dir").map(|d| self.dir.join(d));
                    let dir = dir.unwrap_or_else(|| self.dir.join("terraform.tfstate.d"));
                    dir.join(workspace)
                        .join(path.file_name().unwrap_or(Path::new("terraform.tfstate").as_os_str()))
                };
                Arc::new(Local::file(&path))
            }
            "s3" => {
                let need =
                    |name: &str| setting(name).ok_or_else(|| invalid(format!("`config` has no `{name}`")));
                let (bucket, key) = (need("bucket")?, need("key")?);
                let prefix = setting("workspace_key_prefix").unwrap_or_else(|| "env:".to_owned());
                let key = if workspace == "default" { key } else { format!("{prefix}/{workspace}/{key}") };
                let client = self.s3.clone().ok_or_else(|| CloudError::bug("there is no client for S3"))?;
                Arc::new(S3::key(client, bucket, key))
            }
            other => {
                return Err(invalid(format!(
                    "stackr reads no state from a backend of kind `{other}`; use `s3` or `local`"
                )));
            }
        };
        let place = store.place(Key::Snapshot);
        let read = store.read(Key::Snapshot).await.map_err(|e| invalid(e.to_string()).with_source(e))?;
        let Some(blob) = read else {
            return Err(invalid(format!(
                "there is no state in {place}; apply the stack that it belongs to first"
            )));
        };
        match stackr_state::decode_state(&blob.bytes, &place) {
            Ok(state) => Ok(Place::Stack { name: state.name(), store, sibling: false }),
            Err(stackr_state::Error::Terraform { .. }) => Ok(Place::Terraform { text: blob.bytes, place }),
            Err(error) => Err(invalid(error.to_string())),
        }
    }
}

impl RemoteStates for Siblings {
    fn find<'a>(&'a self, wanted: &'a RemoteStateArgs) -> BoxFuture<'a, Result<Place, CloudError>> {
        Box::pin(async move {
            match self.sibling(wanted) {
                Some(found) => Ok(Place::Stack {
                    name: found.name.clone(),
                    store: Arc::clone(&found.store),
                    sibling: true,
                }),
                None => self.elsewhere(wanted).await,
            }
        })
    }
}

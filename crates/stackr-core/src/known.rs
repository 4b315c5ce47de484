//! Known: an object that is read for a plan, with what is recorded of it.

use crate::{Block as _, Field, Id, Object, Resource, Seen, Value, equal};

/// Arguments or outputs as they are recorded.
type Recorded = serde_json::Map<String, serde_json::Value>;

/// An object that is read for a plan, and what is recorded of it.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// What AWS calls it.
    pub id: &'a str,
    /// What was recorded of it when it was last made, changed or read.
    pub last: Option<&'a Object>,
}

impl<'a> Known<'a> {
    /// Objects of which nothing is recorded.
    #[must_use]
    pub fn unrecorded(ids: &'a [Id]) -> Vec<Self> {
        ids.iter().map(|id| Self { id, last: None }).collect()
    }

    /// What AWS calls them.
    #[must_use]
    pub fn ids(known: &[Self]) -> Vec<Id> {
        known.iter().map(|known| known.id.to_owned()).collect()
    }

    /// Whether this is what is recorded, in all that AWS reports. An answer that may be late is worth nothing otherwise.
    #[must_use]
    pub fn is<R: Resource>(&self, seen: &Seen<R>) -> bool {
        let Some(last) = self.last else { return false };
        let told = |field: &&Field| !field.local && !field.unread && !field.secret;
        let same = |fields: &[Field], recorded: &Recorded, seen: &Value| {
            // Tags are compared as a whole, with the default ones.
            fields.iter().filter(told).filter(|field| field.name != "tags").all(|field| {
                let recorded = recorded.get(field.name).map_or(Value::Null, Value::from_json);
                equal(&field.kind, &recorded, seen.get(field.name).unwrap_or(&Value::Null))
            })
        };
        same(R::Args::fields(), &last.args, &seen.args.to_object())
            && same(R::Outputs::fields(), &last.outputs, &seen.outputs.to_object())
    }

    /// A recorded output.
    #[must_use]
    pub fn output(&self, name: &str) -> Option<Value> {
        self.last?.outputs.get(name).map(Value::from_json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Args, Create, Created, Delete, Outputs, Policy, Result, Status, Tags, Update, Waits};

    struct Role;

    #[derive(Clone, Debug, PartialEq, Args)]
    struct RoleArgs {
        /// Its document.
        policy: Policy,
        /// What it is for.
        description: Option<String>,
        /// Never reported.
        #[arg(local, default = false)]
        force: bool,
        /// Tags.
        tags: Tags,
    }

    #[derive(Clone, Debug, PartialEq, Outputs)]
    struct RoleOutputs {
        /// Its id.
        id: String,
        /// All tags.
        tags_all: Tags,
    }

    impl Resource for Role {
        const TYPE: &'static str = "test_role";
        const WAITS: Waits = Waits::INSTANT;
        type Cloud = ();
        type Args = RoleArgs;
        type Outputs = RoleOutputs;

        async fn create(_: &(), _: Create<'_, RoleArgs>) -> Result<Created<Self>> {
            Ok(Created::id("r"))
        }

        async fn read(_: &(), ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
            Ok(ids.iter().map(|_| None).collect())
        }

        async fn update(_: &(), _: Update<'_, Self>) -> Result<()> {
            Ok(())
        }

        async fn delete(_: &(), _: Delete<'_, Self>) -> Result<()> {
            Ok(())
        }
    }

    fn seen(policy: &str, description: Option<&str>, tag: &str) -> Seen<Role> {
        let tags = Tags::from([("k".to_owned(), tag.to_owned())]);
        Seen {
            args: RoleArgs {
                policy: policy.into(),
                description: description.map(str::to_owned),
                force: false,
                tags: tags.clone(),
            },
            outputs: RoleOutputs { id: "r".to_owned(), tags_all: tags },
            status: Status::Ready,
        }
    }

    #[test]
    fn what_aws_reports_is_compared_by_its_kind_and_nothing_else_is() {
        let object = serde_json::json!({
            "type": "test_role", "id": "r", "uid": "u", "origin": {}, "schema": 1,
            "args": { "policy": "{\"Version\":\"2012-10-17\"}", "force": true, "tags": {} },
            "outputs": { "id": "r", "tags_all": { "k": "v" } },
        });
        let object: Object = serde_json::from_value(object).unwrap();
        let known = Known { id: "r", last: Some(&object) };
        assert!(known.is(&seen("{ \"Version\": \"2012-10-17\" }", None, "v")));
        assert!(!known.is(&seen("{ \"Version\": \"2008-10-17\" }", None, "v")));
        assert!(!known.is(&seen("{ \"Version\": \"2012-10-17\" }", Some("x"), "v")));
        assert!(!known.is(&seen("{ \"Version\": \"2012-10-17\" }", None, "w")));
        assert!(!Known { id: "r", last: None }.is(&seen("{}", None, "v")));
    }
}

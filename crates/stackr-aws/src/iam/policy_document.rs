//! An IAM policy document, from blocks and from other documents; nothing is asked.
//!
//! Facts that shape this file:
//! - `&{…}` is written for `${…}`, which the language would take for its own; the version of 2008 has no such
//!   variables;
//! - the id is the CRC-32 of the text.

use stackr_core::{Args, Block, Json, Lookup, Origin, Outputs, Result, Set};

use super::policy_text::{Condition, Document, Principal, Statement, Texts, invalid, texts};

/// An IAM policy document.
pub struct PolicyDocument;

/// An IAM policy document, from blocks and from other documents; nothing is asked.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct PolicyDocumentArgs {
    /// The statements.
    #[arg(block)]
    pub statement: Vec<PolicyStatement>,
    /// `2012-10-17` or `2008-10-17`.
    #[arg(default = "2012-10-17")]
    pub version: String,
    /// An id for the document.
    pub policy_id: Option<String>,
    /// Documents to start from. A `Sid` may appear in only one of them.
    pub source_policy_documents: Vec<Json>,
    /// Documents to put over it: a statement takes the place of the one with its `Sid`.
    pub override_policy_documents: Vec<Json>,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct PolicyStatement {
    /// Its id.
    pub sid: Option<String>,
    /// `Allow` or `Deny`.
    #[arg(default = "Allow")]
    pub effect: String,
    /// Actions it is about: `s3:GetObject`.
    pub actions: Set<String>,
    /// Actions it is not about.
    pub not_actions: Set<String>,
    /// ARNs it is about.
    pub resources: Set<String>,
    /// ARNs it is not about.
    pub not_resources: Set<String>,
    /// Whom it is about.
    #[arg(block)]
    pub principals: Set<PolicyPrincipal>,
    /// Whom it is not about.
    #[arg(block)]
    pub not_principals: Set<PolicyPrincipal>,
    /// When it holds.
    #[arg(block)]
    pub condition: Set<PolicyCondition>,
}

/// Whom a statement is about.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct PolicyPrincipal {
    /// `AWS`, `Service`, `Federated`, `CanonicalUser` or `*`.
    pub r#type: String,
    /// ARNs, account ids or service names; `*` for all.
    #[arg(required)]
    pub identifiers: Set<String>,
}

/// When a statement holds.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct PolicyCondition {
    /// How it is compared: `StringEquals`, `ArnLike`, `Bool`, …
    pub test: String,
    /// What is compared: `aws:SourceAccount`.
    pub variable: String,
    /// With what; one that fits is enough.
    #[arg(required)]
    pub values: Vec<String>,
}

/// The document.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct PolicyDocumentOutputs {
    /// A checksum of the document.
    pub id: String,
    /// The document, indented.
    pub json: String,
    /// The document without spaces.
    pub minified_json: String,
}

impl Lookup for PolicyDocument {
    const TYPE: &'static str = "aws_iam_policy_document";
    type Cloud = Origin;
    type Args = PolicyDocumentArgs;
    type Outputs = PolicyDocumentOutputs;

    async fn read(_: &Origin, args: &PolicyDocumentArgs) -> Result<PolicyDocumentOutputs> {
        let document = document(args)?;
        let json = document.print(true);
        Ok(PolicyDocumentOutputs { id: crc32(&json).to_string(), minified_json: document.print(false), json })
    }
}

/// The sources, the own statements over them, and the overrides over all.
fn document(args: &PolicyDocumentArgs) -> Result<Document> {
    let mut merged = Document::default();
    let mut sids = Vec::new();
    for (i, source) in args.source_policy_documents.iter().enumerate() {
        let at = |what: &str| invalid(format!("source_policy_documents[{i}]: {what}"));
        let source = Document::parse(source).map_err(|error| at(error.message()))?;
        check_sids(&source, &mut sids).map_err(|sid| at(&format!("the Sid {sid} is there twice")))?;
        merged.merge(source);
    }
    let own = Document {
        version: args.version.clone(),
        id: args.policy_id.clone().unwrap_or_default(),
        statements: args
            .statement
            .iter()
            .enumerate()
            .map(|(i, s)| statement(s, &args.version, &format!("statement[{i}]")))
            .collect::<Result<_>>()?,
    };
    check_sids(&own, &mut Vec::new()).map_err(|sid| invalid(format!("the Sid {sid} is there twice")))?;
    merged.merge(own);
    for (i, over) in args.override_policy_documents.iter().enumerate() {
        let at = |what: &str| invalid(format!("override_policy_documents[{i}]: {what}"));
        merged.merge(Document::parse(over).map_err(|error| at(error.message()))?);
    }
    Ok(merged)
}

/// Adds a document's `Sid`s to those that are known; fails with one that is known.
fn check_sids(document: &Document, known: &mut Vec<String>) -> Result<(), String> {
    for sid in document.statements.iter().map(|s| &s.sid).filter(|sid| !sid.is_empty()) {
        if known.contains(sid) {
            return Err(sid.clone());
        }
        known.push(sid.clone());
    }
    Ok(())
}

fn statement(wanted: &PolicyStatement, version: &str, at: &str) -> Result<Statement> {
    let with_variables = |name: &str, set: &Set<String>| -> Result<Texts> {
        let set = variables(set, version).map_err(|what| invalid(format!("{at}.{name}: {what}")))?;
        // Sorted as written: a variable's letters are put in afterwards.
        Ok(texts(set))
    };
    let principals = |name: &str, set: &Set<PolicyPrincipal>| {
        let principal = |principal: &PolicyPrincipal| -> Result<Option<Principal>> {
            let who = with_variables(name, &principal.identifiers)?;
            Ok(who.map(|who| Principal { ty: principal.r#type.clone(), who }))
        };
        let identity = |p: &PolicyPrincipal| {
            format!(
                "identifiers:{{{}}};type:{};",
                each(&in_order(&p.identifiers, |i| format!("{i};"))),
                p.r#type
            )
        };
        let set = in_order(set, identity);
        set.into_iter().filter_map(|p| principal(p).transpose()).collect::<Result<Vec<_>>>()
    };
    let condition = |condition: &PolicyCondition| {
        let values = variables(&condition.values, version);
        let values = values.map_err(|what| invalid(format!("{at}.condition: {what}")))?;
        Ok(Condition { test: condition.test.clone(), variable: condition.variable.clone(), values })
    };
    Ok(Statement {
        sid: wanted.sid.clone().unwrap_or_default(),
        effect: wanted.effect.clone(),
        actions: texts(wanted.actions.to_vec()),
        not_actions: texts(wanted.not_actions.to_vec()),
        resources: with_variables("resources", &wanted.resources)?,
        not_resources: with_variables("not_resources", &wanted.not_resources)?,
        principals: principals("principals", &wanted.principals)?,
        not_principals: principals("not_principals", &wanted.not_principals)?,
        conditions: in_order(&wanted.condition, |c| {
            let values: Vec<_> = c.values.iter().collect();
            format!("test:{};values:({});variable:{};", c.test, each(&values), c.variable)
        })
        .into_iter()
        .map(condition)
        .collect::<Result<_>>()?,
    })
}

/// The elements of a set as the provider has them: by the CRC-32 of their text in its SDK, as text. It shows in a
/// document where several principals are of one type, or several conditions test one variable.
/// <https://github.com/hashicorp/terraform-plugin-sdk/blob/v2.37.0/helper/schema/serialize.go>
fn in_order<T>(set: &[T], identity: impl Fn(&T) -> String) -> Vec<&T> {
    let mut all: Vec<&T> = set.iter().collect();
    all.sort_by_cached_key(|one| crc32(&identity(one)).to_string());
    all
}

/// The texts, each with a semicolon.
fn each(texts: &[&String]) -> String {
    texts.iter().map(|text| format!("{text};")).collect()
}

/// The texts with `${` for `&{`.
fn variables(texts: &[String], version: &str) -> Result<Vec<String>, String> {
    let replace = |text: &String| {
        if version == "2008-10-17" && text.contains("&{") {
            return Err(format!("{text:?} has a variable, which the version 2008-10-17 does not know"));
        }
        Ok(text.replace("&{", "${"))
    };
    texts.iter().map(replace).collect()
}

/// CRC-32 as in Ethernet and zip.
fn crc32(text: &str) -> u32 {
    let byte = |crc: u32, byte: u8| {
        let bit = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        (0..8).fold(crc ^ u32::from(byte), bit)
    };
    !text.bytes().fold(!0, byte)
}

#[cfg(test)]
mod tests {
    use stackr_core::{Block as _, Value};

    use super::*;

    fn texts_of<const N: usize>(texts: [&str; N]) -> Value {
        Value::List(texts.map(Value::from).into())
    }

    fn who(ty: &str, identifiers: Value) -> Value {
        Value::object([("type", ty.into()), ("identifiers", identifiers)])
    }

    fn when(test: &str, variable: &str, values: Value) -> Value {
        Value::object([("test", test.into()), ("variable", variable.into()), ("values", values)])
    }

    fn build(args: Value) -> Result<Document> {
        document(&PolicyDocumentArgs::from_object(&args).unwrap())
    }

    /// The document of the first expectation, which the provider (5.100) made of the same blocks.
    fn first() -> Value {
        let statement = Value::object([
            ("sid", "A".into()),
            ("actions", texts_of(["s3:GetObject", "s3:PutObject", "ec2:*"])),
            ("resources", texts_of(["arn:aws:s3:::b/&{aws:username}/*"])),
            (
                "principals",
                Value::List(vec![
                    who("AWS", texts_of(["arn:aws:iam::1:root", "2"])),
                    who("Service", texts_of(["ecs.amazonaws.com"])),
                ]),
            ),
            (
                "condition",
                Value::List(vec![
                    when("StringLike", "s3:prefix", texts_of(["", "home/", "a<b>&c"])),
                    when("StringLike", "aws:x", texts_of(["one"])),
                    when("Bool", "aws:SecureTransport", texts_of(["true"])),
                ]),
            ),
        ]);
        let deny = Value::object([
            ("effect", "Deny".into()),
            ("not_actions", texts_of(["a:B"])),
            ("not_resources", texts_of(["x", "y"])),
            ("not_principals", Value::List(vec![who("*", texts_of(["*"]))])),
        ]);
        Value::object([("policy_id", "pid".into()), ("statement", Value::List(vec![statement, deny]))])
    }

    #[test]
    fn the_text_is_the_providers() {
        let document = build(first()).unwrap();
        assert_eq!(
            document.print(false),
            r#"{"Version":"2012-10-17","Id":"pid","Statement":[{"Sid":"A","Effect":"Allow","Action":["s3:PutObject","s3:GetObject","ec2:*"],"Resource":"arn:aws:s3:::b/${aws:username}/*","Principal":{"AWS":["arn:aws:iam::1:root","2"],"Service":"ecs.amazonaws.com"},"Condition":{"Bool":{"aws:SecureTransport":"true"},"StringLike":{"aws:x":"one","s3:prefix":["","home/","a\u003cb\u003e\u0026c"]}}},{"Effect":"Deny","NotAction":"a:B","NotResource":["y","x"],"NotPrincipal":"*"}]}"#
        );
        // The provider's ids, which are checksums of the indented text.
        assert_eq!(crc32(&document.print(true)), 3_272_072_828);
        assert_eq!(crc32(&build(Value::object::<&str>([])).unwrap().print(true)), 1_132_004_489);
    }

    #[test]
    fn what_is_about_the_same_is_in_the_order_of_the_providers_sets() {
        let groups = || [vec!["a", "e"], vec!["b", "x", "c"], vec!["d"], vec!["g", "f"]];
        let texts = |group: Vec<&str>| Value::List(group.into_iter().map(Value::from).collect());
        let principals = groups().map(|group| who("AWS", texts(group)));
        let conditions = groups().map(|group| when("StringLike", "aws:v", texts(group)));
        let statement = Value::object([
            ("principals", Value::List(principals.into())),
            ("condition", Value::List(conditions.into())),
        ]);
        // As the provider 5.100 prints it.
        assert_eq!(
            build(Value::object([("statement", Value::List(vec![statement]))])).unwrap().print(false),
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["g","f","d","e","a","x","c","b"]},"Condition":{"StringLike":{"aws:v":["b","x","c","a","e","d","g","f"]}}}]}"#
        );
    }

    #[test]
    fn documents_are_merged_by_sid() {
        let second = r#"{"Version":"2008-10-17","Statement":[{"Sid":"B","Effect":"Allow",
            "Action":["z:b","z:a","z:c"],"Principal":{"AWS":["b","a","c"]},"Resource":"*",
            "Condition":{"Bool":{"x":true},"StringEquals":{"k":["one"]}}}]}"#;
        let over = r#"{"Id":"other","Statement":[{"Sid":"A","Effect":"Deny","Action":"*","Principal":"*",
            "Resource":["one"]}]}"#;
        let own = Value::object([
            ("sid", "B2".into()),
            ("actions", texts_of(["q:r"])),
            ("resources", texts_of(["*"])),
        ]);
        let first = build(first()).unwrap().print(true);
        let document = build(Value::object([
            ("source_policy_documents", texts_of([&first, second])),
            ("statement", Value::List(vec![own])),
            ("override_policy_documents", texts_of([over])),
        ]));
        let document = document.unwrap();
        assert_eq!(crc32(&document.print(true)), 2_747_059_850);
    }

    #[test]
    fn everybody_is_a_star_only_if_of_any_kind() {
        let print = |ty: &str| {
            let everybody = Value::List(vec![who(ty, texts_of(["*"]))]);
            let statement = Value::object([("principals", everybody)]);
            build(Value::object([("statement", Value::List(vec![statement]))])).unwrap().print(false)
        };
        let document = |who: &str| {
            format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{who}}}]}}"#)
        };
        assert_eq!(print("*"), document(r#""*""#));
        assert_eq!(print("AWS"), document(r#"{"AWS":"*"}"#));
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_place() {
        let check = |args: Value, expect: &str| assert_eq!(build(args).unwrap_err().message(), expect);
        let sid = || Value::object([("sid", "A".into())]);
        check(Value::object([("statement", Value::List(vec![sid(), sid()]))]), "the Sid A is there twice");
        let variable = Value::object([("resources", texts_of(["&{aws:username}"]))]);
        check(
            Value::object([("version", "2008-10-17".into()), ("statement", Value::List(vec![variable]))]),
            r#"statement[0].resources: "&{aws:username}" has a variable, which the version 2008-10-17 does not know"#,
        );
        let twice = r#"{"Statement":{"Sid":"A"}}"#;
        check(
            Value::object([("source_policy_documents", texts_of([twice, twice]))]),
            "source_policy_documents[1]: the Sid A is there twice",
        );
        check(
            Value::object([("override_policy_documents", texts_of(["[]"]))]),
            "override_policy_documents[0]: not a policy document",
        );
    }
}

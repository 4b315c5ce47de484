//! Schemas: what a resource's arguments and outputs are, as data that planning, checking and `explain` read.
//!
//! A schema is made by `#[derive(Args)]`, `#[derive(Block)]` and `#[derive(Outputs)]`; nobody writes one.

/// What kind of thing a field holds. Equality of two values is decided by kind (see [`crate::equal`]).
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// Any number.
    Float,
    /// Text, compared letter by letter.
    String,
    /// An IP network; AWS stores its network address, so `10.0.0.1/8` equals `10.0.0.0/8`.
    Cidr,
    /// A DNS name; case and a trailing dot do not matter.
    DnsName,
    /// A JSON document; spacing and key order do not matter.
    Json,
    /// An IAM policy document; compared by meaning.
    Policy,
    /// The container definitions of an ECS task definition; compared by meaning.
    ContainerDefinitions,
    /// A name or an ARN; a name is the same as an ARN that ends in it.
    NameOrArn,
    /// Anything: the outputs of another stack, say.
    Any,
    /// Elements in order.
    List(&'static Kind),
    /// Elements without order.
    Set(&'static Kind),
    /// Elements by key.
    Map(&'static Kind),
    /// A nested block or object.
    Object(&'static Shape),
}

/// The fields of a block.
#[derive(Debug)]
pub struct Shape {
    /// What the block is, from its doc comment.
    pub doc: &'static str,
    /// Its fields, in source order.
    pub fields: &'static [Field],
}

impl Shape {
    /// The field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|f| f.name == name)
    }
}

/// Whether a field must be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It must be written.
    Required,
    /// It may be left out; then it is its default, or absent.
    Optional,
    /// It may be left out; then it is whatever AWS has.
    Computed,
    /// It cannot be written: AWS gives it.
    Output,
}

/// How a nested field is written and how its value looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// `name = …`.
    Attribute,
    /// `name { … }`, any number of times.
    Blocks,
    /// `name { … }` at most once; its value is a list of at most one element, as the field expects.
    Single,
}

/// The value of a field that was left out.
#[derive(Clone, Copy, Debug)]
pub enum Default {
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text.
    Str(&'static str),
}

/// One argument or output. All facts about a field live here, on the field.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The provider's name for it.
    pub name: &'static str,
    /// Its doc comment.
    pub doc: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it must be written.
    pub presence: Presence,
    /// How it is written.
    pub nesting: Nesting,
    /// What it is when left out.
    pub default: Option<Default>,
    /// AWS cannot change it: another value means another object.
    pub replace: bool,
    /// AWS can change its value, and can neither add nor remove it: that means another object.
    pub lasting: bool,
    /// Never shown or stored in the clear.
    pub secret: bool,
    /// AWS accepts it while the object it refers to is still pending.
    pub early: bool,
    /// AWS may not report it; what we recorded last then stands in for what is seen.
    pub unread: bool,
    /// Concerns only stackr's own behaviour: a change is recorded, no call is made.
    pub local: bool,
}

/// The whole schema of a resource or data type.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// The type string: `aws_nat_gateway`.
    pub ty: &'static str,
    /// What it takes.
    pub args: &'static Shape,
    /// What it gives.
    pub outputs: &'static Shape,
}

impl Schema {
    /// The argument or output of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.args.field(name).or_else(|| self.outputs.field(name))
    }

    /// Whether objects of this type carry tags.
    #[must_use]
    pub fn has_tags(&self) -> bool {
        self.args.field("tags").is_some_and(|f| matches!(f.kind, Kind::Map(_)))
            && self.outputs.field("tags_all").is_some()
    }
}

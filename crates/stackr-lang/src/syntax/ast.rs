//! The tree of a source file: bodies, blocks, attributes and expressions, each with its place.
//!
//! Facts that shape this file:
//! - references are resolved to what they name (`var.x`, `aws_vpc.main`) while parsing, because only the parser
//!   knows which names a `for` binds;
//! - a tree is walked recursively, so its height is counted while it is built and limited.

use std::sync::Arc;

use stackr_core::{BlockKey, Span, Value};

/// The bytes of something in its file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl At {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        let short = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { start: short(start), end: short(end) }
    }

    pub(crate) fn to(self, end: Self) -> Self {
        Self { start: self.start, end: end.end.max(self.start) }
    }

    pub(crate) fn span(self, file: &Arc<str>) -> Span {
        Span { file: Arc::clone(file), range: self.start as usize..self.end as usize }
    }
}

/// An expression.
#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub(crate) kind: Kind,
    pub(crate) at: At,
    /// How many expressions are on the longest way down from here.
    pub(crate) height: u16,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Literal(Value),
    Template(Vec<Part>),
    Tuple(Vec<Expr>),
    Object(Vec<(Expr, Expr)>),
    For(Box<For>),
    /// A name that a `for` binds, or that a template file is given.
    Variable(Box<str>),
    Ref(Box<Target>),
    Attr(Box<Expr>, Box<str>),
    Index(Box<(Expr, Expr)>),
    Splat(Box<Splat>),
    /// The element that the splat around this expression is at.
    Item,
    Call(Box<Call>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Binary(Binary, Box<(Expr, Expr)>),
    Conditional(Box<(Expr, Expr, Expr)>),
    Paren(Box<Expr>),
}

/// `[for k, v in collection : key => value... if condition]`.
#[derive(Clone, Debug)]
pub(crate) struct For {
    pub(crate) key_name: Option<Box<str>>,
    pub(crate) value_name: Box<str>,
    pub(crate) collection: Expr,
    /// The key of each element of an object; a tuple without.
    pub(crate) key: Option<Expr>,
    pub(crate) value: Expr,
    pub(crate) condition: Option<Expr>,
    /// `...`: values of equal keys are gathered.
    pub(crate) grouped: bool,
}

/// `source[*].each` or `source.*.each`.
#[derive(Clone, Debug)]
pub(crate) struct Splat {
    pub(crate) source: Expr,
    pub(crate) each: Expr,
}

/// `name(args...)`.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) name: Box<str>,
    pub(crate) name_at: At,
    pub(crate) args: Vec<Expr>,
    /// `...` after the last argument.
    pub(crate) expand: bool,
}

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Binary {
    /// How tightly it binds.
    pub(crate) fn level(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Equal | Self::NotEqual => 3,
            Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual => 4,
            Self::Add | Self::Subtract => 5,
            Self::Multiply | Self::Divide | Self::Remainder => 6,
        }
    }

    /// How it is written.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

/// A piece of a template.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Text(String),
    Value(Expr),
    If(Box<If>),
    For(Box<ForPart>),
}

/// `%{ if condition }…%{ else }…%{ endif }`.
#[derive(Clone, Debug)]
pub(crate) struct If {
    pub(crate) condition: Expr,
    pub(crate) then: Vec<Part>,
    pub(crate) otherwise: Vec<Part>,
}

/// `%{ for k, v in collection }…%{ endfor }`.
#[derive(Clone, Debug)]
pub(crate) struct ForPart {
    pub(crate) key_name: Option<Box<str>>,
    pub(crate) value_name: Box<str>,
    pub(crate) collection: Expr,
    pub(crate) body: Vec<Part>,
}

/// What a reference names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Var(Box<str>),
    Local(Box<str>),
    Module(Box<str>),
    Block(BlockKey),
    EachKey,
    EachValue,
    CountIndex,
    This,
    PathModule,
    PathRoot,
    PathCwd,
    Workspace,
    /// A single name, or a reserved one without what must follow it: has no value, but types, `provider` and
    /// `ignore_changes` are written so.
    Bare(Box<str>),
}

/// What is between two braces, or a whole file.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) blocks: Vec<Block>,
}

impl Body {
    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| &*a.name == name)
    }
}

/// `name = expr`.
#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) name: Box<str>,
    pub(crate) name_at: At,
    pub(crate) expr: Arc<Expr>,
    pub(crate) file: Arc<str>,
}

impl Attribute {
    pub(crate) fn name_span(&self) -> Span {
        self.name_at.span(&self.file)
    }

    pub(crate) fn span(&self) -> Span {
        self.expr.at.span(&self.file)
    }

    /// The expression with its file, for evaluation apart from the attribute.
    pub(crate) fn located(&self) -> Located {
        Located { expr: Arc::clone(&self.expr), file: Arc::clone(&self.file) }
    }
}

/// An expression that knows its file.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) expr: Arc<Expr>,
    pub(crate) file: Arc<str>,
}

impl Located {
    pub(crate) fn span(&self) -> Span {
        self.expr.at.span(&self.file)
    }
}

/// `kind "label" { body }`.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) kind: Box<str>,
    pub(crate) labels: Vec<Label>,
    pub(crate) body: Body,
    /// From the kind to the last label.
    pub(crate) header: At,
    pub(crate) file: Arc<str>,
}

impl Block {
    pub(crate) fn span(&self) -> Span {
        self.header.span(&self.file)
    }
}

/// A block's label.
#[derive(Debug)]
pub(crate) struct Label {
    pub(crate) text: String,
    pub(crate) at: At,
}

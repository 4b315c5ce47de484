//! `moved`, `removed` and `import` blocks: what they say of objects that are recorded or to be recorded.

use std::sync::Arc;

use stackr_core::{
    BlockKey, Diagnostic, Diagnostics, Endpoint, Key, Mode, ModulePath, ModuleStep, Span, Value,
};

use super::fields::{Fields, error, labels};
use crate::syntax::{Attribute, Block, Expr, Kind, Located, Target, parse_expression};

/// The blocks of this kind in one directory.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) moves: Vec<Moved>,
    pub(crate) removals: Vec<Removed>,
    pub(crate) imports: Vec<Imported>,
}

/// A `moved` block.
#[derive(Debug)]
pub(crate) struct Moved {
    pub(crate) from: Endpoint,
    pub(crate) to: Endpoint,
    pub(crate) span: Span,
}

/// A `removed` block.
#[derive(Debug)]
pub(crate) struct Removed {
    pub(crate) from: Endpoint,
    pub(crate) destroy: bool,
    pub(crate) span: Span,
}

/// An `import` block.
#[derive(Debug)]
pub(crate) struct Imported {
    /// The address, which may have expressions for keys.
    pub(crate) to: Located,
    pub(crate) modules: Vec<String>,
    pub(crate) block: BlockKey,
    pub(crate) id: Located,
    pub(crate) for_each: Option<Located>,
    pub(crate) span: Span,
}

impl Imported {
    /// The keys in its address: those of the modules on the way, then that of the object.
    pub(crate) fn keys(&self) -> Vec<Option<&Expr>> {
        let Some(name) = Name::of(&self.to.expr) else { return Vec::new() };
        let object = name.object.map(|(_, key)| key);
        name.modules.into_iter().map(|(_, key)| key).chain(object).collect()
    }
}

impl Records {
    /// Takes a block, if it is one of these.
    pub(crate) fn add(&mut self, block: &Block, diagnostics: &mut Diagnostics) -> bool {
        match &*block.kind {
            "moved" => self.moves.extend(decode_moved(block, diagnostics)),
            "removed" => self.removals.extend(decode_removed(block, diagnostics)),
            "import" => self.imports.extend(decode_import(block, diagnostics)),
            _ => return false,
        }
        true
    }
}

fn decode_moved(block: &Block, diagnostics: &mut Diagnostics) -> Option<Moved> {
    labels(block, [], diagnostics)?;
    let mut fields = Fields::new(&block.body, "a `moved` block");
    let from = endpoint(block, fields.argument("from"), "from", diagnostics);
    let to = endpoint(block, fields.argument("to"), "to", diagnostics);
    fields.finish(diagnostics);
    let (from, to) = (from?, to?);
    if from.object.is_some() != to.object.is_some() {
        let detail = "A resource moves to a resource and a module to a module.";
        diagnostics.push(error(block.span(), "move between a resource and a module", detail));
        return None;
    }
    Some(Moved { from, to, span: block.span() })
}

fn decode_removed(block: &Block, diagnostics: &mut Diagnostics) -> Option<Removed> {
    labels(block, [], diagnostics)?;
    let mut fields = Fields::new(&block.body, "a `removed` block");
    let attribute = fields.argument("from");
    let from = endpoint(block, attribute, "from", diagnostics);
    let mut destroy = true;
    if let Some(inner) = fields.block("lifecycle", diagnostics) {
        let mut inner = Fields::new(&inner.body, "the `lifecycle` of a `removed` block");
        destroy = inner.flag("destroy", diagnostics).unwrap_or(true);
        inner.finish(diagnostics);
    }
    for kind in ["provisioner", "connection"] {
        for found in fields.blocks(kind) {
            let detail = format!("`{kind}` blocks are not supported: stackr runs nothing on machines.");
            diagnostics.push(error(found.span(), "unsupported block", detail));
        }
    }
    fields.finish(diagnostics);
    let (from, attribute) = (from?, attribute?);
    let keyed = from.module.0.iter().any(|step| step.key.is_some()) || from.has_key();
    let data = from.object.as_ref().is_some_and(|(key, _)| key.mode == Mode::Data);
    if keyed || data {
        let detail = if data {
            "Data is not recorded, so there is nothing to remove. Delete this block."
        } else {
            "A resource or module is removed as a whole: write its name without a key. Single instances go with \
             `stackr state rm`."
        };
        diagnostics.push(error(attribute.span(), "resource or module expected", detail));
        return None;
    }
    Some(Removed { from, destroy, span: block.span() })
}

fn decode_import(block: &Block, diagnostics: &mut Diagnostics) -> Option<Imported> {
    labels(block, [], diagnostics)?;
    let mut fields = Fields::new(&block.body, "an `import` block");
    let to = required(block, fields.argument("to"), "to", diagnostics);
    let id = required(block, fields.argument("id"), "id", diagnostics).map(Attribute::located);
    let for_each = fields.argument("for_each").map(Attribute::located);
    if let Some(attribute) = fields.argument("provider") {
        let detail = "The resource says which provider it has: write `provider` there, and remove it here.";
        diagnostics.push(error(attribute.name_span(), "unsupported argument", detail));
    }
    fields.finish(diagnostics);
    let attribute = to?;
    let to = parsed(attribute).map_err(|why| diagnostics.push(*why)).ok()?;
    let name = Name::of(&to);
    let Some((name, (key, _))) =
        name.and_then(|n| Some((n.modules, n.object?))).filter(|(_, (k, _))| is_managed(k))
    else {
        let detail = "Only a resource can be imported: `aws_vpc.main`, `module.net.aws_subnet.a[0]`.";
        diagnostics.push(error(attribute.span(), "resource expected", detail));
        return None;
    };
    let modules = name.into_iter().map(|(name, _)| name.to_owned()).collect();
    let to = Located { expr: Arc::clone(&to), file: Arc::clone(&attribute.file) };
    Some(Imported { to, modules, block: key, id: id?, for_each, span: block.span() })
}

fn is_managed(key: &BlockKey) -> bool {
    key.mode == Mode::Managed
}

fn required<'a>(
    block: &Block,
    attribute: Option<&'a Attribute>,
    name: &str,
    diagnostics: &mut Diagnostics,
) -> Option<&'a Attribute> {
    if attribute.is_none() {
        let detail = format!("This `{}` block has no `{name}`.", block.kind);
        diagnostics.push(error(block.span(), "missing argument", detail));
    }
    attribute
}

/// The resource or module that an argument names.
fn endpoint(
    block: &Block,
    attribute: Option<&Attribute>,
    name: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Endpoint> {
    let attribute = required(block, attribute, name, diagnostics)?;
    let expr = parsed(attribute).map_err(|why| diagnostics.push(*why)).ok()?;
    let found = Name::of(&expr).and_then(Name::endpoint);
    if found.is_none() {
        diagnostics.push(*no_name(attribute));
    }
    found
}

/// The expression of an argument that names something; in a JSON file it is a text.
fn parsed(attribute: &Attribute) -> Result<Arc<Expr>, Box<Diagnostic>> {
    match &attribute.expr.kind {
        Kind::Literal(Value::String(text)) if attribute.file.ends_with(".json") => {
            parse_expression(text, &attribute.file).map(Arc::new).map_err(|_| no_name(attribute))
        }
        _ => Ok(Arc::clone(&attribute.expr)),
    }
}

fn no_name(attribute: &Attribute) -> Box<Diagnostic> {
    let detail = format!(
        "`{}` is the address of a resource or module: `aws_vpc.main`, `aws_subnet.a[0]`, `module.net`, \
         `module.net[\"a\"].aws_vpc.main`.",
        attribute.name
    );
    Box::new(error(attribute.span(), "address expected", detail))
}

/// The name of a resource or module, with the expressions of its keys.
struct Name<'e> {
    modules: Vec<(&'e str, Option<&'e Expr>)>,
    object: Option<(BlockKey, Option<&'e Expr>)>,
}

/// A piece of such a name.
enum Piece<'e> {
    Name(&'e str),
    Key(&'e Expr),
}

impl<'e> Name<'e> {
    /// The name that an expression writes, if it is one.
    fn of(expr: &'e Expr) -> Option<Self> {
        let mut pieces = Vec::new();
        pieces_of(expr, &mut pieces)?;
        let mut pieces = pieces.into_iter().peekable();
        let mut next = || -> Option<(&'e str, Option<&'e Expr>)> {
            let Piece::Name(name) = pieces.next()? else { return None };
            let key = pieces.next_if(|piece| matches!(piece, Piece::Key(_)));
            Some((name, key.and_then(|key| if let Piece::Key(expr) = key { Some(expr) } else { None })))
        };
        let mut modules = Vec::new();
        let mut word = next();
        while let Some(("module", None)) = word {
            modules.push(next()?);
            word = next();
        }
        let Some(ty) = word else { return (!modules.is_empty()).then_some(Self { modules, object: None }) };
        let (mode, (ty, None)) = (if ty.0 == "data" { (Mode::Data, next()?) } else { (Mode::Managed, ty) })
        else {
            return None;
        };
        let (name, key) = next()?;
        let block = BlockKey { mode, ty: ty.to_owned(), name: name.to_owned() };
        next().is_none().then_some(Self { modules, object: Some((block, key)) })
    }

    /// The name with keys that are written out.
    fn endpoint(self) -> Option<Endpoint> {
        let step = |(name, key): (&str, Option<&Expr>)| {
            Some(ModuleStep { name: name.to_owned(), key: written(key)? })
        };
        let module = ModulePath(self.modules.into_iter().map(step).collect::<Option<_>>()?);
        let object = match self.object {
            Some((block, key)) => Some((block, written(key)?)),
            None => None,
        };
        Some(Endpoint { module, object })
    }
}

/// The pieces of a name, in order.
fn pieces_of<'e>(expr: &'e Expr, pieces: &mut Vec<Piece<'e>>) -> Option<()> {
    match &expr.kind {
        Kind::Ref(target) => match &**target {
            Target::Bare(name) => pieces.push(Piece::Name(name)),
            Target::Module(name) => pieces.extend([Piece::Name("module"), Piece::Name(name)]),
            Target::Block(key) => {
                pieces.extend((key.mode == Mode::Data).then_some(Piece::Name("data")));
                pieces.extend([Piece::Name(&key.ty), Piece::Name(&key.name)]);
            }
            _ => return None,
        },
        Kind::Attr(source, name) => {
            pieces_of(source, pieces)?;
            pieces.push(Piece::Name(name));
        }
        Kind::Index(pair) => {
            pieces_of(&pair.0, pieces)?;
            pieces.push(Piece::Key(&pair.1));
        }
        _ => return None,
    }
    Some(())
}

/// A key that is written out, or none at all.
fn written(key: Option<&Expr>) -> Option<Option<Key>> {
    key.map_or(Some(None), |key| constant(key).map(Some))
}

fn constant(expr: &Expr) -> Option<Key> {
    match &expr.kind {
        Kind::Literal(Value::String(name)) => Some(Key::Name(name.clone())),
        Kind::Literal(Value::Number(n)) => Some(Key::Index(u64::try_from(n.as_i64()?).ok()?)),
        _ => None,
    }
}

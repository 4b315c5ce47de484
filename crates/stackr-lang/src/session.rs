//! One question to a stack: the module instances and the values that answering it has needed so far.
//!
//! Facts that shape this file:
//! - within one question nothing changes, so every value is made once and then borrowed;
//! - beyond it, a value is kept only if it is wholly known and no block has a say in it: what an [`Env`] says
//!   changes between plan and apply, and who asks may watch what is asked for.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use stackr_core::{BlockKey, Diagnostic, Env, Key, ModulePath, ModuleStep, Span, Value};

use crate::{
    arena::Arena,
    eval::{Evaluated, Scope},
    inputs::fit,
    place::{Place, Repetition},
    stack::Stack,
    syntax::Located,
    tree::{Dep, Given, SymbolKind},
};

/// How high the expressions that are evaluated within each other may be together: far more than people write, and
/// less than the smallest usual stack of a thread holds.
const MAX_HEIGHT: u16 = 800;
/// What evaluating one more symbol counts for beside the height of its expression.
const SYMBOL_HEIGHT: u16 = 4;

/// How deep a value may be nested: it is walked recursively.
const MAX_DEPTH: usize = 100;

/// Whether a value is nested deeper than this.
fn is_deeper(value: &Value, depth: usize) -> bool {
    depth == 0 || value.children().any(|child| is_deeper(child, depth - 1))
}

/// Values that outlive a question, by module instance and symbol.
#[derive(Debug, Default)]
pub(crate) struct Memo(Mutex<HashMap<Kept, Arc<Value>>>);

/// The path of a module instance and a symbol in it.
type Kept = (Arc<str>, usize);

impl Memo {
    fn get(&self, module: &Arc<str>, symbol: usize) -> Option<Arc<Value>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&(Arc::clone(module), symbol)).map(Arc::clone)
    }

    fn put(&self, module: &Arc<str>, symbol: usize, value: &Arc<Value>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert((Arc::clone(module), symbol), Arc::clone(value));
    }
}

/// An instance of a module.
pub(crate) struct Frame {
    pub(crate) module: usize,
    pub(crate) path: ModulePath,
    /// The path as text.
    pub(crate) id: Arc<str>,
    pub(crate) parent: Option<usize>,
    pub(crate) key: Option<Key>,
}

/// The instance of the caller, the name of the call and the key of the instance.
type ChildKey = (usize, String, Option<Key>);

/// What a value was made for.
#[derive(PartialEq, Eq, Hash)]
enum Slot {
    Symbol(usize),
    Block(BlockKey),
}

/// One question.
pub(crate) struct Session<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) env: &'a dyn Env,
    frames: Arena<Frame>,
    frame_index: RefCell<HashMap<ChildKey, usize>>,
    values: Arena<Evaluated<Arc<Value>>>,
    index: RefCell<HashMap<(usize, Slot), usize>>,
    /// The height of the expressions that are being evaluated.
    height: Cell<u16>,
    /// The variables with validations that were used.
    used: RefCell<Vec<(usize, usize)>>,
}

impl<'a> Session<'a> {
    /// A question with nothing answered yet; frame 0 is the root module.
    pub(crate) fn new(stack: &'a Stack, env: &'a dyn Env) -> Self {
        let frames = Arena::new();
        frames.push(Frame {
            module: 0,
            path: ModulePath::default(),
            id: Arc::clone(&stack.root_id),
            parent: None,
            key: None,
        });
        Self {
            stack,
            env,
            frames,
            frame_index: RefCell::default(),
            values: Arena::new(),
            index: RefCell::default(),
            height: Cell::new(0),
            used: RefCell::default(),
        }
    }

    /// A module instance by the index that [`Session::child`] gave.
    pub(crate) fn frame(&self, index: usize) -> &Frame {
        self.frames.get(index).expect("frames are only made by `new` and `child`, which keep them")
    }

    /// The instance of a called module.
    pub(crate) fn child(&self, parent: usize, name: &str, key: Option<&Key>) -> Option<usize> {
        let wanted = (parent, name.to_owned(), key.cloned());
        if let Some(index) = self.frame_index.borrow().get(&wanted) {
            return Some(*index);
        }
        let around = self.frame(parent);
        let child = self.stack.tree.modules[around.module].children.get(name)?;
        let mut path = around.path.clone();
        path.0.push(ModuleStep { name: name.to_owned(), key: key.cloned() });
        let id = path.to_string().into();
        let key = key.cloned();
        let index = self.frames.push(Frame { module: child.module, path, id, parent: Some(parent), key });
        self.frame_index.borrow_mut().insert(wanted, index);
        Some(index)
    }

    /// The module instance at a path.
    pub(crate) fn frame_at(&self, path: &ModulePath) -> Option<usize> {
        path.0.iter().try_fold(0, |frame, step| self.child(frame, &step.name, step.key.as_ref()))
    }

    fn kept(&self, frame: usize, slot: Slot) -> Option<Evaluated<&Value>> {
        let index = *self.index.borrow().get(&(frame, slot))?;
        self.stored(index)
    }

    fn stored(&self, index: usize) -> Option<Evaluated<&Value>> {
        self.values.get(index).map(|value| match value {
            Ok(value) => Ok(&**value),
            Err(why) => Err(why.clone()),
        })
    }

    fn keep(&self, frame: usize, slot: Slot, value: Evaluated<Arc<Value>>) -> Evaluated<&Value> {
        let index = self.values.push(value);
        self.index.borrow_mut().insert((frame, slot), index);
        self.stored(index).unwrap_or(Ok(&Value::UNKNOWN))
    }

    /// The value of a symbol in a module instance.
    pub(crate) fn symbol(&self, frame: usize, id: usize) -> Evaluated<&Value> {
        if let Some(value) = self.kept(frame, Slot::Symbol(id)) {
            return value;
        }
        if let SymbolKind::Variable(variable, _) = &self.stack.tree.symbols[id].kind
            && !variable.validations.is_empty()
        {
            self.used.borrow_mut().push((frame, id));
        }
        let module = &self.frame(frame).id;
        let is_static = self.stack.tree.symbols[id].is_static;
        if is_static && let Some(value) = self.stack.memo.get(module, id) {
            return self.keep(frame, Slot::Symbol(id), Ok(value));
        }
        self.prepare(frame, id);
        let outer = self.height.get();
        let height = outer + SYMBOL_HEIGHT + self.stack.tree.symbols[id].height();
        if height > MAX_HEIGHT {
            let name = self.stack.tree.name(id);
            let detail =
                format!("Too many values are made from each other in a row, the last of them `{name}`.");
            return Err(Box::new(Diagnostic::error("values nested too deep", detail)));
        }
        self.height.set(height);
        let value = self.compute(frame, id).and_then(|value| {
            if is_deeper(&value, MAX_DEPTH) {
                let detail = format!(
                    "The value of `{}` is nested more than {MAX_DEPTH} deep.",
                    self.stack.tree.name(id)
                );
                return Err(Box::new(Diagnostic::error("values nested too deep", detail)));
            }
            Ok(Arc::new(value))
        });
        self.height.set(outer);
        if let Ok(value) = &value
            && is_static
            && value.is_wholly_known()
        {
            self.stack.memo.put(module, id, value);
        }
        self.keep(frame, Slot::Symbol(id), value)
    }

    /// Makes what a symbol is made from within its module, the farthest first: long chains of local values are then
    /// no deep recursion. An error counts only where its value is used.
    fn prepare(&self, frame: usize, id: usize) {
        let tree = &self.stack.tree;
        let module = tree.symbols[id].module;
        let mut seen = HashSet::from([id]);
        let mut path = vec![(id, 0)];
        while let Some((at, next)) = path.last_mut() {
            let (at, dep) = (*at, tree.symbols[*at].deps.get(*next));
            *next += 1;
            match dep {
                None => {
                    path.pop();
                    if at != id {
                        drop(self.symbol(frame, at));
                    }
                }
                Some(Dep::Symbol(dep)) if tree.symbols[*dep].module == module && seen.insert(*dep) => {
                    let symbol = &tree.symbols[*dep];
                    // What is kept needs nothing, and an argument is made where the module is called.
                    let made = self.index.borrow().contains_key(&(frame, Slot::Symbol(*dep)))
                        || (symbol.is_static && self.stack.memo.get(&self.frame(frame).id, *dep).is_some());
                    if !made && !matches!(symbol.kind, SymbolKind::Variable(..)) {
                        path.push((*dep, 0));
                    }
                }
                Some(_) => {}
            }
        }
    }

    /// A variable with validations that was used and not yet asked for here.
    pub(crate) fn next_used(&self) -> Option<(usize, usize)> {
        self.used.borrow_mut().pop()
    }

    fn compute(&self, frame: usize, id: usize) -> Evaluated<Value> {
        let evaluate = |located: &Located| {
            let place = Place::new(self, frame, None);
            Scope::new(&place, &located.file).eval(&located.expr).map(std::borrow::Cow::into_owned)
        };
        match &self.stack.tree.symbols[id].kind {
            SymbolKind::Local(_, value) => evaluate(value),
            SymbolKind::Repeat(repeat) => evaluate(&repeat.value),
            SymbolKind::Output(output) => Ok(evaluate(&output.value)?.marked(output.sensitive)),
            SymbolKind::Variable(variable, given) => match given {
                Given::Value(value) => Ok(value.clone()),
                Given::Default => {
                    Ok(variable.default.clone().unwrap_or(Value::Null).marked(variable.sensitive))
                }
                Given::Argument(located) => {
                    let value = self.argument(frame, located)?;
                    fit(variable, value).map_err(|why| {
                        Box::new(Diagnostic::error("wrong value for variable", why).at(Some(located.span())))
                    })
                }
            },
        }
    }

    /// The value of a module's argument: evaluated where the module is called.
    fn argument(&self, frame: usize, located: &Located) -> Evaluated<Value> {
        let inner = self.frame(frame);
        let parent = inner.parent.unwrap_or(0);
        let tree = &self.stack.tree;
        let name = tree.modules[inner.module].parent.as_ref().map_or("", |p| &*p.name);
        let repeat = tree.modules[self.frame(parent).module].children.get(name).and_then(|c| c.repeat);
        let repetition = self.repetition(parent, repeat, inner.key.as_ref())?;
        let place = Place::new(self, parent, repetition);
        Scope::new(&place, &located.file).eval(&located.expr).map(std::borrow::Cow::into_owned)
    }

    /// What `each` and `count` are for one instance.
    pub(crate) fn repetition<'s>(
        &'s self,
        frame: usize,
        repeat: Option<usize>,
        key: Option<&'s Key>,
    ) -> Evaluated<Option<Repetition<'s>>> {
        let (Some(repeat), Some(key)) = (repeat, key) else { return Ok(None) };
        match key {
            Key::Index(index) => Ok(Some(Repetition::Count(*index))),
            Key::Name(name) => {
                let all = self.symbol(frame, repeat)?;
                Ok(Some(Repetition::Each { key: name, value: all.get(name) }))
            }
        }
    }

    /// The value of a block in a module instance.
    pub(crate) fn block(&self, frame: usize, key: &BlockKey, span: &Span) -> Evaluated<&Value> {
        if let Some(value) = self.kept(frame, Slot::Block(key.clone())) {
            return value;
        }
        let value = self.env.block(&self.frame(frame).path, key).map(Arc::new).ok_or_else(|| {
            let detail =
                format!("`{key}` has no value here. Only values that no resource has a say in can be used.");
            Box::new(Diagnostic::error("value not available", detail).at(Some(span.clone())))
        });
        self.keep(frame, Slot::Block(key.clone()), value)
    }

    /// The value of one instance of a block, if it can be had without the others.
    pub(crate) fn instance(&self, frame: usize, block: &BlockKey, key: &Key) -> Option<Value> {
        if self.kept(frame, Slot::Block(block.clone())).is_some() {
            return None;
        }
        self.env.instance(&self.frame(frame).path, block, key)
    }
}
